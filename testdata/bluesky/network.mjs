// Starts a Bluesky network of one PDS and one AppView for a test, and tells on
// standard output, a JSON object to a line: first the addresses, then every
// commit of the PDS, and how accounts are, as Jetstream tells it, without a
// cursor. It ends when its standard input does.
import net from 'node:net'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

// The servers would listen on every interface.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  if (typeof args[0] === 'number') args[0] = { port: args[0] }
  if (args[0] && typeof args[0] === 'object' && 'port' in args[0]) {
    args[0] = { ...args[0], host: '127.0.0.1' }
    if (typeof args[1] === 'string') args.splice(1, 1)
  }
  return listen.apply(this, args)
}

const [modules, database] = process.argv.slice(2)
const load = (name) => import(pathToFileURL(path.join(modules, name)))
const { TestBsky, TestBsync, TestPds, TestPlc, mockNetworkUtilities } = await load('@atproto/dev-env/dist/index.js')
const { Firehose } = await load('@atproto/sync/dist/index.js')
const tell = (v) => process.stdout.write(JSON.stringify(v) + '\n')
const freePort = () => new Promise((resolve, reject) => {
  const s = net.createServer().once('error', reject)
  s.listen(0, () => { const { port } = s.address(); s.close(() => resolve(port)) })
})

const plc = await TestPlc.create({})
const pdsPort = await freePort()
const bsync = await TestBsync.create({ apiKeys: ['key'], dbUrl: database, dbSchema: 'bsync' })
const bsky = await TestBsky.create({
  plcUrl: plc.url, pdsPort, bsyncApiKey: 'key', bsyncUrl: bsync.url,
  repoProvider: `ws://localhost:${pdsPort}`, dbPostgresSchema: 'appview', dbPostgresUrl: database,
})
bsync.ctx.dataplaneClients = [bsky.ctx.dataplane]
const pds = await TestPds.create({
  port: pdsPort, didPlcUrl: plc.url, bskyAppViewUrl: bsky.url, bskyAppViewDid: bsky.ctx.cfg.serverDid,
})
mockNetworkUtilities(pds, bsky)
const firehose = new Firehose({
  service: `ws://localhost:${pdsPort}`, idResolver: pds.ctx.idResolver, unauthenticatedCommits: true,
  handleEvent: (e) => {
    if (e.event === 'account') tell({ did: e.did, time_us: 0, kind: 'account', account: { active: e.active, status: e.status } })
    if (!['create', 'update', 'delete'].includes(e.event)) return
    tell({
      did: e.did, time_us: 0, kind: 'commit',
      commit: { rev: e.rev, operation: e.event, collection: e.collection, rkey: e.rkey, cid: e.cid?.toString(), record: e.record },
    })
  },
  onError: (err) => console.error(err),
})
firehose.start()
tell({ pds: `http://127.0.0.1:${pdsPort}`, appview: `http://127.0.0.1:${bsky.port}` })
process.stdin.resume().on('end', () => process.exit(0))
