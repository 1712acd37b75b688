/**
 * node:http, taken as it is. `import` would read every export of it, one of which is `WebSocket` from Node 22 on:
 * that loads all of the built-in undici, which nobody here uses (20 ms of a start, 2 MiB).
 */
export const http = process.getBuiltinModule('node:http')
