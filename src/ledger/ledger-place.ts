/** Whether a ledger lies in a Postgres database, and not in a file. */
export function isPostgresUrl(db: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(db)
}

/** Where a ledger lies, with no password in it. */
export function shownPlace(db: string): string {
  if (!isPostgresUrl(db) || !URL.canParse(db)) return db
  const url = new URL(db)
  if (url.password !== '') url.password = '***'
  return url.href
}
