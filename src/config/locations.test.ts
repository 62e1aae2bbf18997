import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { defaultLedgerPath, resolvePath, userConfigPath } from './locations.ts'

const home = join('/', 'home', 'ada')

describe('where things lie unless told otherwise', () => {
  test.each([
    ['linux', { HOME: home }, join(home, '.local/share/purser/purser.db'), join(home, '.config/purser/purser.yaml')],
    ['linux', { HOME: home, XDG_DATA_HOME: '/d', XDG_CONFIG_HOME: '/c' }, join('/d/purser/purser.db'), join('/c/purser/purser.yaml')],
    [
      'linux',
      { HOME: home, XDG_DATA_HOME: '', XDG_CONFIG_HOME: '' },
      join(home, '.local/share/purser/purser.db'),
      join(home, '.config/purser/purser.yaml'),
    ],
    [
      'darwin',
      { HOME: home },
      join(home, 'Library/Application Support/purser/purser.db'),
      join(home, 'Library/Application Support/purser/purser.yaml'),
    ],
    [
      'win32',
      { USERPROFILE: home, LOCALAPPDATA: '/local', APPDATA: '/roaming' },
      join('/local/purser/purser.db'),
      join('/roaming/purser/purser.yaml'),
    ],
    ['win32', { USERPROFILE: home }, join(home, 'AppData/Local/purser/purser.db'), join(home, 'AppData/Roaming/purser/purser.yaml')],
  ])('%s with %j', (platform, env, ledger, config) => {
    expect(defaultLedgerPath(env, platform)).toBe(ledger)
    expect(userConfigPath(env, platform)).toBe(config)
  })

  test('~ is the home folder, and what is relative is so to the file', () => {
    expect(resolvePath('~/x.db', '/p', { HOME: home })).toBe(join(home, 'x.db'))
    expect(resolvePath('x.db', join('/', 'p'), { HOME: home })).toBe(join('/', 'p', 'x.db'))
    expect(resolvePath('~x.db', join('/', 'p'), { HOME: home })).toBe(join('/', 'p', '~x.db'))
  })
})
