/** What one look at purser found. */
export interface Checkup {
  readonly check: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly message: string
  /** What to do about it. */
  readonly next: string | null
}

/** Answers of one check: fine, or what is doubtful or wrong with the next step. */
export interface Found {
  readonly ok: (message: string) => Checkup
  readonly warn: (message: string, next: string) => Checkup
  readonly fail: (message: string, next: string) => Checkup
}

export function found(check: string): Found {
  return {
    ok: (message) => ({ check, status: 'ok', message, next: null }),
    warn: (message, next) => ({ check, status: 'warn', message, next }),
    fail: (message, next) => ({ check, status: 'fail', message, next }),
  }
}
