import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { PurserError } from '../errors.ts'
import { messageOf } from '../text/sentence.ts'

/** How a command ended: with a code of its own, or by a signal. */
export interface CommandEnd {
  readonly code: number
  /** The signal that ended it, or that a shell says ended what it ran. */
  readonly killedBy: string | null
}

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs a command with the terminal's own input and output, and passes signals on. A shell's exit code of 128 and a
 * signal's number counts as ended by that signal, as does the command's own end by one.
 * @throws PURSER_NOT_FOUND where there is no such command
 */
export function runCommand([command = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', env })
    const pass = (signal: NodeJS.Signals): void => {
      // From the keyboard it has gone to the command already.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    }
    for (const signal of passedOn) process.on(signal, pass)
    const stopPassing = (): void => {
      for (const signal of passedOn) process.off(signal, pass)
    }
    child.once('error', (cause) => {
      stopPassing()
      reject(new PurserError('PURSER_NOT_FOUND', `"${command}" cannot be started: ${messageOf(cause)}. Nothing was run.`, { cause }))
    })
    child.once('exit', (code, signal) => {
      stopPassing()
      resolve(endOf(code, signal))
    })
  })
}

function endOf(code: number | null, signal: NodeJS.Signals | null): CommandEnd {
  if (signal !== null) return { code: 128 + (constants.signals[signal] ?? 0), killedBy: signal }
  const named = Object.entries(constants.signals).find(([, number]) => number + 128 === code)
  return { code: code ?? 1, killedBy: named?.[0] ?? null }
}
