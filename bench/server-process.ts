import { Purser } from '../src/purser.ts'
import { serve } from '../src/server/serve.ts'
import { defineGateBudgets } from './gate-scene.ts'

/** A server in a process of its own, over the file that it is told of; says its address, and its memory as it ends. */
const purser = await Purser.open({ db: process.argv[2] ?? '' })
await defineGateBudgets(purser)
const { url, close } = await serve(purser, { host: '127.0.0.1', port: 0, version: '0', requestsPerMinute: 100_000_000 })
process.stdout.write(`${url}\n`)
process.on('SIGTERM', () => {
  process.stdout.write(`${process.resourceUsage().maxRSS / 1024}\n`)
  void close().then(() => purser.close())
})
