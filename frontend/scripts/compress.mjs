// Writes a gzip and a Brotli copy of each text file of the build, which the server sends
// to clients that accept it: once at the best ratio, rather than for each request.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const ASSETS = new URL('../../backend/agentarium/page/assets/', import.meta.url)
const TEXT = /\.(?:js|css|svg)$/
// Saving less than a packet is not worth a second file.
const MIN_SAVED_BYTES = 512

const COPIES = {
  gz: (content) => gzipSync(content, { level: 9 }),
  br: (content) =>
    brotliCompressSync(content, {
      params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
    }),
}

for (const name of readdirSync(ASSETS).filter((file) => TEXT.test(file))) {
  const content = readFileSync(new URL(name, ASSETS))
  for (const [ending, compress] of Object.entries(COPIES)) {
    const copy = compress(content)
    if (content.length - copy.length >= MIN_SAVED_BYTES) {
      writeFileSync(new URL(`${name}.${ending}`, ASSETS), copy)
    }
  }
}
