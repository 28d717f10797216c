'use strict'
// Loaded into every process and worker of the subject by NODE_OPTIONS=--require. Sends each TCP connection that would
// leave this machine to the provider lab, whoever opens it, and refuses what is no TCP. When the lab is gone, such
// connections fail: nothing gets out.
const net = require('node:net')
const tls = require('node:tls')
const dns = require('node:dns')
const dgram = require('node:dgram')
const diagnostics = require('node:diagnostics_channel')

const plainPort = Number(process.env.ARO_GATE_LAB_HTTP_PORT)
const securePort = Number(process.env.ARO_GATE_LAB_HTTPS_PORT)
const controlPort = Number(process.env.ARO_GATE_LAB_CONTROL_PORT)
if (!plainPort || !securePort || !controlPort) {
  console.error(
    'The provider lab’s preload was loaded without its ports; this process may not go on with an open network.',
  )
  process.exit(97)
}

// of TEST-NET-1 (RFC 5737): no real host has it, so a connection to it is rerouted like one to a name
const outsideAddress = '192.0.2.1'
const realConnect = net.Socket.prototype.connect
const realSetTimeout = setTimeout

const isLocal = (host) =>
  host === undefined ||
  host === null ||
  host === '' ||
  host === 'localhost' ||
  host === '::1' ||
  host === '0.0.0.0' ||
  host === '::' ||
  host === '::ffff:127.0.0.1' ||
  /^127(\.\d{1,3}){3}$/.test(host)

let control
function report(message) {
  if (control && !control.destroyed) control.write(`${JSON.stringify(message)}\n`)
}

net.Socket.prototype.connect = function connect(...received) {
  const isNormalized = Array.isArray(received[0])
  const [options, callback] = isNormalized ? received[0] : net._normalizeArgs(received)
  if (options.path || isLocal(options.host)) return realConnect.apply(this, received)
  const isSecure = this instanceof tls.TLSSocket || Number(options.port) === 443
  report({ type: 'connect', host: String(options.host), port: Number(options.port) })
  const rerouted = { ...options, host: '127.0.0.1', port: isSecure ? securePort : plainPort }
  delete rerouted.lookup
  delete rerouted.localAddress
  delete rerouted.family
  if (isNormalized) {
    received[0][0] = rerouted
    return realConnect.apply(this, received)
  }
  return callback ? realConnect.call(this, rerouted, callback) : realConnect.call(this, rerouted)
}

const answersOf = (host, options) => {
  const all = typeof options === 'object' && options !== null && options.all
  return all ? [[{ address: outsideAddress, family: 4 }]] : [outsideAddress, 4]
}
const realLookup = dns.lookup
dns.lookup = function lookup(host, options, callback) {
  const done = typeof options === 'function' ? options : callback
  if (isLocal(host) || net.isIP(host)) return realLookup.call(dns, host, options, callback)
  process.nextTick(() => done(null, ...answersOf(host, options)))
  return {}
}
const realLookupPromise = dns.promises.lookup
dns.promises.lookup = async (host, options) => {
  if (isLocal(host) || net.isIP(host)) return realLookupPromise.call(dns.promises, host, options)
  const [first, family] = answersOf(host, options)
  return Array.isArray(first) ? first : { address: first, family }
}
const refusedQuery = (host) =>
  Object.assign(new Error(`queryRefused ENOTFOUND ${host}`), { code: 'ENOTFOUND', hostname: host })
for (const name of Object.keys(dns).filter((key) => /^(resolve|reverse)/.test(key) && typeof dns[key] === 'function')) {
  dns[name] = (host, ...rest) => {
    report({ type: 'escape', host: String(host), port: 53, what: `dns.${name}` })
    process.nextTick(() => rest.at(-1)(refusedQuery(host)))
    return {}
  }
  if (typeof dns.promises[name] === 'function') {
    dns.promises[name] = async (host) => {
      report({ type: 'escape', host: String(host), port: 53, what: `dns.promises.${name}` })
      throw refusedQuery(host)
    }
  }
}

const realSend = dgram.Socket.prototype.send
dgram.Socket.prototype.send = function send(...received) {
  const callback = received.find((value) => typeof value === 'function')
  const address = received.findLast((value) => typeof value === 'string')
  const isLocalSend = received.slice(1).some((value) => typeof value === 'string') ? isLocal(address) : true
  if (isLocalSend) return realSend.apply(this, received)
  report({ type: 'escape', host: String(address), port: 0, what: 'UDP' })
  const error = Object.assign(new Error(`send EACCES ${address}`), { code: 'EACCES' })
  if (callback) process.nextTick(() => callback(error))
  else process.nextTick(() => this.emit('error', error))
}

// Fastify tells of each of its servers here, before any route is registered
diagnostics.subscribe('fastify.initialization', ({ fastify }) => {
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const name of [method].flat()) report({ type: 'route', method: String(name), path: String(url) })
  })
})

let clock
if (process.env.ARO_GATE_LAB_CLOCK === 'movable') {
  const FakeTimers = require('@sinonjs/fake-timers')
  const realNow = process.hrtime.bigint
  const realSetInterval = setInterval
  clock = FakeTimers.install({
    // where the clock of others was moved before this process was started
    now: Date.now() + Number(process.env.ARO_GATE_LAB_CLOCK_AHEAD ?? 0),
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'hrtime', 'performance'],
  })
  // the library's own advance counts 5 ms a turn, however long the turn took: a busy process would fall behind
  const beganAt = realNow()
  let given = 0
  const elapsed = () => Number((realNow() - beganAt) / 1_000_000n)
  realSetInterval(() => {
    // after a long turn, such as loading modules on a busy machine, time is caught up with in steps: else a timer that was
    // set at the end of it would fire before what it waits for has had one turn
    const due = Math.min(elapsed() - given, 50)
    given += due
    if (due > 0) clock.tick(due)
  }, 5)
  // a process that was busy has a clock that is late: what is set then would fire early by as much, once it catches up
  const setFake = globalThis.setTimeout
  const setLate = (callback, delay, ...rest) => setFake(callback, (Number(delay) || 0) + elapsed() - given, ...rest)
  globalThis.setTimeout = Object.defineProperties(setLate, Object.getOwnPropertyDescriptors(setFake))
}

function openControl() {
  control = new net.Socket()
  realConnect.call(control, { host: '127.0.0.1', port: controlPort })
  control.unref()
  control.on('error', () => {})
  let rest = ''
  control.setEncoding('utf8')
  control.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    for (const line of lines) void obey(JSON.parse(line))
  })
  report({ type: 'hello', pid: process.pid, program: process.argv[1] ?? '', hasClock: clock !== undefined })
}

// what requests might alter for every object of the process
const prototypes = {
  Object: Object.prototype,
  Array: Array.prototype,
  Function: Function.prototype,
  String: String.prototype,
}
function inspectPrototypes() {
  return Object.entries(prototypes).flatMap(([name, prototype]) =>
    Reflect.ownKeys(prototype).map((key) => `${name}.prototype.${String(key)}`),
  )
}

async function obey(command) {
  if (command.type === 'inspect') report({ type: 'inspected', id: command.id, properties: inspectPrototypes() })
  if (command.type !== 'advance') return
  if (clock && command.way === 'jump') clock.jump(command.milliseconds)
  else if (clock) await clock.tickAsync(command.milliseconds)
  // what the moved timers started gets a real turn of the event loop before the move is called done
  await new Promise((resolve) => realSetTimeout(resolve, 20))
  report({ type: 'advanced', id: command.id, moved: clock !== undefined })
}

openControl()
