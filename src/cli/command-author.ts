import { userInfo } from 'node:os'

/** Who changes something by command, for the log of changes. */
export function commandAuthor(): string {
  try {
    return `cli:${userInfo().username}`
  } catch {
    // A user id without a name, as in a container.
    return 'cli'
  }
}
