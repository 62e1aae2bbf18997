// Two copies of the package in one process share the set, so that neither takes over what the other still tries to book.
const journalsKey = Symbol.for('purser.journals')
const holder = globalThis as { [journalsKey]?: Set<string> }

/** Paths of the journals that ledgers of this process have open, without symbolic links. */
export const journalsInUse: Set<string> = (holder[journalsKey] ??= new Set())
