import { describe, expect, test } from 'vitest'
import { looksLikeSecret } from './secrets.ts'

/** Made up here piece by piece, so that no scanner takes this file for a leak. */
const filler = (length: number): string => 'aB3dE6gH9kL2mN5pQ8sT1vW4yZ7'.repeat(4).slice(0, length)

describe('text that looks like a credential', () => {
  test.each([
    ['OpenAI', `sk-${filler(48)}`],
    ['OpenAI, by project', `sk-proj-${filler(60)}`],
    ['Anthropic', `sk-ant-api03-${filler(80)}`],
    ['OpenRouter', `sk-or-v1-${filler(64)}`],
    ['Google', `AIza${filler(35)}`],
    ['xAI', `xai-${filler(60)}`],
    ['Groq', `gsk_${filler(52)}`],
    ['Hugging Face', `hf_${filler(34)}`],
    ['Replicate', `r8_${filler(37)}`],
    ['GitHub', `ghp_${filler(36)}`],
    ['GitHub, fine-grained', `github_pat_${filler(40)}`],
    ['GitLab', `glpat-${filler(20)}`],
    ['Slack', `xoxb-${filler(24)}`],
    ['Stripe', `sk_live_${filler(24)}`],
    ['AWS', `AKIA${'ABCDEFGH12345678'}`],
    ['a web token', `eyJ${filler(20)}.eyJ${filler(20)}.${filler(20)}`],
    ['a private key', '-----BEGIN RSA PRIVATE KEY-----'],
    ['an authorization header', `Bearer ${filler(24)}`],
    ['one within other text', `key=sk-${filler(48)};`],
  ])('of %s', (_, text) => {
    expect(looksLikeSecret(text)).toBe(true)
  })
})

describe('ordinary names', () => {
  test.each([
    'sk-learn',
    'task-scheduler-for-the-night-shift',
    'desk-organiser-and-more-things',
    'run_2026_02_20T10_00_00Z_abcdef0123456789',
    'msg_01XFDUDYJgAACzvnptvVoYEL',
    '0b8f2a1e-7c1d-4e0a-9a46-2f1f6f1b8e11',
    'claude-sonnet-4-5-20250929',
    'https://example.com/projects/atlas?id=1',
    'Bearer of the ring',
    'a'.repeat(200),
  ])('%s', (text) => {
    expect(looksLikeSecret(text)).toBe(false)
  })
})
