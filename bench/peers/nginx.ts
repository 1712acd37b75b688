/** The upstream, and what a request costs when nothing stands before it. */
import { truncateSync } from 'node:fs'
import { attachedToken, type Setting } from '../setting.ts'
import { freePort, launch, stop } from './process.ts'
import { probeOf, type Running, type System, type Upstream, untilServed } from './system.ts'

/** Sizes of what it serves, in bytes. */
export const sizes = { small: 1024, large: 1024 * 1024, huge: 50 * 1024 * 1024 }

/** One worker, HTTP and HTTPS: 1 KiB everywhere, two files, a sink for uploads. */
export async function startUpstream(setting: Setting): Promise<Upstream & Running> {
  const [port, tlsPort] = [await freePort(), await freePort()]
  const config = setting.write('nginx/nginx.conf', configOf(setting, port, tlsPort))
  for (const name of ['large', 'huge'] as const) {
    const file = setting.write(`nginx/${name}`, '')
    truncateSync(file, sizes[name])
  }
  const folder = `${setting.folder}/nginx`
  const words = ['nginx', '-p', folder, '-c', config, '-e', 'stderr']
  const child = launch({ name: 'upstream', core: 'others', words })
  await untilServed(child, port, probeOf('forwards', setting))
  return { pid: child.pid!, port, tlsPort, startedAfter: 0, stop: () => stop(child) }
}

/** The upstream itself, called without a proxy. */
export const direct: System = {
  name: 'upstream itself (nginx)',
  does: 'forwards',
  start: (_, { pid, port }) =>
    Promise.resolve({ pid, port, startedAfter: 0, stop: () => Promise.resolve() }),
}

function configOf({ certificates, write }: Setting, port: number, tlsPort: number): string {
  const cert = write('nginx/cert.pem', certificates.cert)
  const key = write('nginx/key.pem', certificates.key)
  const body = 'x'.repeat(sizes.small)
  return `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
worker_processes 1;
pid nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  sendfile on;
  tcp_nodelay on;
  default_type text/plain;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    listen 127.0.0.1:${tlsPort} ssl backlog=4096;
    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    location /export/ { return 200 ${body}; }
    location = /export/large { alias large; }
    location = /export/huge { alias huge; }
    location /upload { return 200 ${body}; }
    location /attached/ {
      if ($http_authorization != "Bearer ${attachedToken}") { return 401; }
      return 200 ${body};
    }
  }
}
`.replaceAll('alias ', `alias ${cert.replace('cert.pem', '')}`)
}
