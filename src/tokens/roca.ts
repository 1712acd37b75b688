/** RSA keys of the cards and TPMs of CVE-2017-15361 (ROCA), which can be factored. Pure. */

/**
 * Whether a modulus (base64url) has their mark: modulo each small prime it is a power of 65537. One in a
 * hundred million good ones has it too.
 */
export function isRoca(modulus: string): boolean {
  const n = BigInt(`0x${Buffer.from(modulus, 'base64url').toString('hex')}`)
  return primes.every((prime) => isPower(Number(n % BigInt(prime)), prime))
}

/** The odd ones up to 167. */
const primes = Array.from({ length: 83 }, (_, at) => at * 2 + 3).filter((one, _, all) =>
  all.every((other) => other >= one || one % other !== 0),
)

function isPower(wanted: number, prime: number): boolean {
  let power = 1
  do power = (power * 65537) % prime
  while (power !== wanted && power !== 1)
  return power === wanted
}
