// The start of the server's binary answers: uint32 n, uint32 length, JSON; what follows begins at `at`.
export function parseHead(buffer) {
  const [n, length] = new Uint32Array(buffer, 0, 2)
  return { n, said: JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length))), at: 8 + length }
}
