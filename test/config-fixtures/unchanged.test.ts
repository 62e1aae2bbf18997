import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const specifications = resolve(import.meta.dirname, '../../../shared/requirements')

/** Blocks of YAML, JSON and variables that configure something, by the first words of each, and the fixture that each is. */
const configuration: Readonly<Record<string, readonly string[]>> = {
  'agent-platform': [
    'agent-platform-pricing.yaml',
    'agent-platform-limits.yaml',
    'agent-platform-alerts.yaml',
    'agent-platform-retention.yaml',
  ],
  'film-pipeline': [],
  'media-jobs': [
    'media-jobs-short.env',
    'media-jobs-profile-short.json',
    'media-jobs.env',
    'media-jobs-profile.json',
    'media-jobs-off.env',
  ],
  'persona-cli': ['persona-cli-budgets.yaml'],
  'video-factory': [],
}

/** What such blocks show that nobody configures: answers, and commands of a shell. */
const others: Readonly<Record<string, readonly RegExp[]>> = {
  'persona-cli': [/"costs": \{\s+"estimated_before"/],
  'media-jobs': [/^#!\/bin\/bash/, /^git revert/, /^rm -rf/, /^git checkout/],
}

test('every block of a specification that configures something is a fixture, as it is written there', ({ skip }) => {
  skip(!existsSync(specifications), 'the specifications are not beside this repository')
  for (const file of readdirSync(specifications).filter((name) => name.endsWith('.md'))) {
    const name = file.replace(/\.md$/, '')
    const text = readFileSync(join(specifications, file), 'utf8')
    const blocks = [...text.matchAll(/^```(?:yaml|json|bash|env)\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
    const kept = blocks.filter((block) => !(others[name] ?? []).some((pattern) => pattern.test(block)))
    const fixtures = (configuration[name] ?? []).map((fixture) => readFileSync(join(import.meta.dirname, fixture), 'utf8'))
    expect([name, kept]).toEqual([name, fixtures])
  }
})
