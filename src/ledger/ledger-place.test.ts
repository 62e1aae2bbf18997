import { describe, expect, test } from 'vitest'
import { shownPlace, wrongPlace } from './ledger-place.ts'

describe('the place of a ledger', () => {
  test.each([
    'spend.db',
    './data/spend.db',
    '/var/lib/purser/purser.db',
    'C:/data/spend.db',
    'C:\\data\\spend.db',
    'run:42.db',
    '2026-11-20T10:00.db',
    'me@home.db',
    'backups/a:b@c.db',
    '$spend.db',
    'price$.db',
    'data/$month.db',
    'postgresql/purser.db',
    'file.db',
    ':memory:',
    'postgres://bot:s3cret@db.example/spend',
    'postgresql://db.example/spend?schema=team',
  ])('may be %s', (db) => {
    expect(wrongPlace(db)).toBeUndefined()
  })

  test.each([
    'postgress://bot:s3cret@db.example/spend',
    'postgres//bot:s3cret@db.example/spend',
    'postgres:/bot:s3cret@db.example/spend',
    'postgres:bot:s3cret@db.example/spend',
    'PG://bot:s3cret@db.example/spend',
    'mysql://bot:s3cret@db.example/spend',
    'http://bot:s3cret@db.example/spend',
    'jdbc:postgresql://db.example/spend?user=bot&password=s3cret',
    'bot:s3cret@db.example/spend',
    ' postgres://bot:s3cret@db.example/spend',
    '"postgres://bot:s3cret@db.example/spend"',
    'postgress://bot:s3/cr@et#1@db.example/spend?password=s3cret',
  ])('is not %s, and what is said of it tells no password', (db) => {
    const said = wrongPlace(db)
    expect(said).toMatch(/^is ".*db\.example\/spend.*", and its scheme is none that purser knows; write the path of a file/)
    expect(said).not.toMatch(/s3|cret|et#1/)
  })

  test.each(['sqlite:///data/spend.db', 'sqlite:spend.db', 'file:///data/spend.db', 'file:spend.db', 'sqlite3://spend.db'])(
    'is a path alone, and not %s',
    (db) => {
      expect(wrongPlace(db)).toBe(
        `is "${db}", and its scheme is none that purser knows; write the path of a file alone, like spend.db, or the URL of a Postgres database, like postgres://user@host/database`,
      )
    },
  )

  test.each([
    ['$HOME/spend.db', '$HOME'],
    ['${HOME}/spend.db', '${HOME}'],
    ['$DATA', '$DATA'],
    ['%APPDATA%\\spend.db', '%APPDATA%'],
  ])('is not %s, which no shell has expanded', (db, variable) => {
    expect(wrongPlace(db)).toContain(`in which nobody has put a value for ${variable}; write the path itself`)
  })

  test('is shown without its password, also where it cannot be read or the password is a setting', () => {
    expect(shownPlace('postgres://bot:s3cret@db.example/spend')).toBe('postgres://bot:***@db.example/spend')
    expect(shownPlace('postgres://db.example/spend?password=s3cret')).toBe('postgres://db.example/spend?password=***')
    expect(shownPlace('postgres://bot:s3cret@db.example:port/spend')).toBe('postgres://***@db.example:port/spend')
    expect(shownPlace('data/spend.db')).toBe('data/spend.db')
  })
})
