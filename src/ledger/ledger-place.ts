/** Whether a ledger lies in a Postgres database, and not in a file. */
export function isPostgresUrl(db: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(db)
}

/** Where a ledger lies, with no password in it. */
export function shownPlace(db: string): string {
  if (!isPostgresUrl(db)) return db
  if (!URL.canParse(db)) return masked(db)
  const url = new URL(db)
  if (url.password !== '') url.password = '***'
  if (url.searchParams.has('password')) url.searchParams.set('password', '***')
  return url.href
}

/** A path as people write it: `~` at its beginning is the home folder. */
export function expandHome(path: string, home: string): string {
  return /^~(?=$|[/\\])/.test(path) ? `${home}${path.slice(1)}` : path
}

/**
 * What is wrong with the name of a ledger's place, as a predicate; undefined where nothing is. A slip in the URL of a
 * database would otherwise be a file in a folder named after it, a new ledger without any limit, with the password in
 * its path.
 */
export function wrongPlace(db: string): string | undefined {
  if (isPostgresUrl(db) || db === ':memory:') return undefined
  if (looksLikeUrl(db)) {
    return `is "${masked(db)}", and its scheme is none that purser knows; write the path of a file alone, like spend.db, or the URL of a Postgres database, like postgres://user@host/database`
  }
  const variable = /^\s*(?:\$\{?\w+\}?|%\w+%)(?=[/\\]|$)/.exec(db)?.[0]
  if (variable !== undefined)
    return `is "${db}", in which nobody has put a value for ${variable.trim()}; write the path itself, like ~/spend.db`
  return undefined
}

const schemes = 'postgres(?:ql)?|psql|pg|sqlite3?|mysql|mariadb|mongodb|libsql|jdbc|odbc|file|https?|s3'
const urls = [
  // A drive, C:/, has one letter only.
  /[a-z][a-z0-9+.-]+:\/\//i,
  /^[\s'"]*[a-z][a-z0-9+.-]+:[/\\]/i,
  new RegExp(`^[\\s'"]*(?:${schemes})(?::|[/\\\\]{2})`, 'i'),
  // A user with a password, before a host.
  /^[^/\\]*:[^/\\]*@/,
]

function looksLikeUrl(db: string): boolean {
  return urls.some((pattern) => pattern.test(db))
}

/** What may be shown of a URL that cannot be read: nothing of who it is for, and none of its settings. */
function masked(db: string): string {
  const at = db.lastIndexOf('@')
  const scheme = at === -1 ? '' : `${/^[^:/\\]*:?[/\\]*/.exec(db)?.[0] ?? ''}***@`
  return `${scheme}${db.slice(at + 1).replace(/[?#].*$/s, '?…')}`
}
