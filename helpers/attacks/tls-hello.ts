import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'

/** What a client offers in its first message: one version at most, and the suites it would take. */
export interface HelloOffer {
  version: '1.0' | '1.1' | '1.2'
  suites: readonly number[]
}

/** What a server made of a client's first message. */
export type HelloAnswer =
  { isAccepted: true; version: string; suite: number } | { isAccepted: false; how: 'alert' | 'closed' | 'no answer' }

/** Suites by what is wrong with them; each with variants for RSA and ECDSA keys where there are any. */
export const weakSuites: Readonly<Record<string, readonly number[]>> = {
  'no encryption': [0x0001, 0x0002, 0x003b, 0xc006, 0xc010],
  'no certificate': [0x0034, 0x003a, 0x006c, 0x006d, 0x00a6, 0x00a7, 0xc018, 0xc019],
  'export grade': [0x0003, 0x0006, 0x0008, 0x000b, 0x000e, 0x0011, 0x0014, 0x0017, 0x0019, 0x0062, 0x0063, 0x0064],
  RC4: [0x0004, 0x0005, 0x0018, 0xc007, 0xc011],
  'DES and Triple-DES': [0x0009, 0x000a, 0x000c, 0x000f, 0x0012, 0x0013, 0x0015, 0x0016, 0xc008, 0xc012],
}

/** Suites that old versions of the protocol have in common with everything made since. */
export const ordinarySuites: readonly number[] = [
  0xc014, 0xc00a, 0xc013, 0xc009, 0x0039, 0x0033, 0x0035, 0x002f, 0xc02f, 0xc02b, 0xc030, 0xc02c, 0x009c, 0x009d,
]

const versionBytes = { '1.0': 0x0301, '1.1': 0x0302, '1.2': 0x0303 } as const
const nameOfVersion: Readonly<Record<number, string>> = {
  0x0300: 'SSL 3.0',
  0x0301: '1.0',
  0x0302: '1.1',
  0x0303: '1.2',
}
const answerMilliseconds = 3000

/**
 * Sends a client's first message made byte by byte, since the libraries of today no longer make old ones, and reads whether
 * the server goes on with it. @throws when nothing listens there.
 */
export async function sayHello({ hostname, port }: URL, offer: HelloOffer): Promise<HelloAnswer> {
  const socket = connect({ host: hostname, port: Number(port) })
  const chunks: Buffer[] = []
  const how = await new Promise<'answered' | 'closed' | 'no answer'>((resolve, reject) => {
    socket.setTimeout(answerMilliseconds, () => resolve('no answer'))
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      if (readAnswer(Buffer.concat(chunks)) !== undefined) resolve('answered')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') reject(error)
      else resolve('closed')
    })
    socket.on('close', () => resolve('closed'))
    socket.write(makeHello(offer))
  }).finally(() => socket.destroy())
  return how === 'answered' ? (readAnswer(Buffer.concat(chunks)) ?? refused('closed')) : refused(how)
}

const refused = (how: 'alert' | 'closed' | 'no answer'): HelloAnswer => ({ isAccepted: false, how })

const handshakeRecord = 22
const alertRecord = 21
const serverHello = 2

/** A server's first record (RFC 5246, 7.4.1.3); undefined while it is not whole. */
function readAnswer(bytes: Buffer): HelloAnswer | undefined {
  const type = bytes[0]
  if (type === undefined) return undefined
  if (type === alertRecord) return refused('alert')
  if (type !== handshakeRecord) return refused('closed')
  const sessionLength = bytes[43]
  if (sessionLength === undefined || bytes.length < 46 + sessionLength) return undefined
  if (bytes[5] !== serverHello) return refused('closed')
  const version = bytes.readUInt16BE(9)
  return {
    isAccepted: true,
    version: nameOfVersion[version] ?? version.toString(16),
    suite: bytes.readUInt16BE(44 + sessionLength),
  }
}

const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
const sized = (content: Buffer): Buffer => Buffer.concat([uint16(content.length), content])
const extension = (type: number, content: Buffer): Buffer => Buffer.concat([uint16(type), sized(content)])
const list = (values: readonly number[]): Buffer => sized(Buffer.concat(values.map(uint16)))

function makeHello({ version, suites }: HelloOffer): Buffer {
  const signatures = [0x0403, 0x0503, 0x0804, 0x0805, 0x0401, 0x0501, 0x0601, 0x0201, 0x0203]
  const extensions = Buffer.concat([
    extension(0xff01, Buffer.from([0])),
    extension(10, list([29, 23, 24, 25])),
    extension(11, Buffer.from([1, 0])),
    ...(version === '1.2' ? [extension(13, list(signatures))] : []),
  ])
  const body = Buffer.concat([
    uint16(versionBytes[version]),
    randomBytes(32),
    Buffer.from([0]),
    list(suites),
    Buffer.from([1, 0]),
    sized(extensions),
  ])
  const message = Buffer.concat([Buffer.from([1, 0]), uint16(body.length), body])
  return Buffer.concat([Buffer.from([handshakeRecord, 3, 1]), sized(message)])
}
