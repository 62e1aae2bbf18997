// Jobs of a media pipeline: speech is transcribed by the second, translated by a hosted model or by one on this machine
// that costs nothing, and summarised. Each user has a month's budget: soft, or one that blocks jobs.
//   node main.ts jobs/interview.json
import { createReadStream, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import OpenAI from 'openai'
import { CallDenied, type CostRow, formatUsd, nanos, parseFilter, Purser } from 'purser'
import { wrap } from 'purser/openai'

interface Job {
  readonly user: string
  readonly workflow: string
  readonly media: string
  /** How long it plays, measured when the job was prepared. */
  readonly audioSeconds: number
  readonly translation: 'hosted' | 'local'
}

const path = process.argv[2] ?? 'jobs/interview.json'
const [id, job] = [basename(path, '.json'), JSON.parse(readFileSync(path, 'utf8')) as Job]

const titles: Readonly<Record<string, string>> = {
  '06_whisperx_asr': 'ASR',
  '10_translation': 'Translation',
  '13_ai_summarization': 'Summarization',
}

// Where the ledger lies, whether calls are tracked, prices and budgets: all of that stands in the file, and in those that it names.
const purser = await Purser.open({
  config: 'purser.yaml',
  log: (_, { stage, costNanos }) => {
    if (stage !== undefined) console.log(`💰 ${titles[String(stage)] ?? 'Stage'} cost: ${formatUsd(nanos(BigInt(String(costNanos))))}`)
  },
})
purser.listen(({ kind, body }) => {
  if (kind !== 'threshold.crossed') return
  const [spent, limit] = [body['spent'], body['limit']].map((amount) => formatUsd(nanos(BigInt(String(amount)))))
  const threshold = `${body['percent']}% threshold, ${body['level']}`
  console.warn(`⚠ BUDGET ALERT: user ${job.user} has spent ${spent} of ${limit} this month (${threshold})`)
})

// WhisperX and IndicTrans2 are hosted behind OpenAI's protocol; where they run, the environment says.
const { WHISPERX_URL = 'http://localhost:9000/v1', INDICTRANS2_URL = 'http://localhost:9010/v1' } = process.env
const whisperX = new OpenAI({ baseURL: WHISPERX_URL })
const indicTrans2 = wrap(new OpenAI({ baseURL: INDICTRANS2_URL }), purser, { provider: 'indictrans2' })
const openai = wrap(new OpenAI(), purser, { provider: 'openai' })

/** A request for sound does not say how long that plays, so the call is told by hand what it can cost at most. */
async function transcribe(): Promise<string> {
  const body = { model: 'large-v3', response_format: 'json' } as const
  const request = { provider: 'whisperx', api: 'transcription', body, quantities: { audioSeconds: job.audioSeconds } }
  const called = await purser.call({ request }, ({ signal }) =>
    whisperX.audio.transcriptions.create({ ...body, file: createReadStream(job.media) }, { signal }),
  )
  if (!called.granted) throw new CallDenied(called)
  return called.answer.text
}

async function ask(client: OpenAI, model: string, task: string, text: string): Promise<string> {
  const messages = [{ role: 'user', content: `${task}\n\n${text}` } as const]
  const answer = await client.chat.completions.create({ model, max_tokens: 2000, messages })
  return answer.choices[0]?.message.content ?? ''
}

/** Stands for IndicTrans2 on this machine. It is booked at zero, so that the job's calls and tokens are complete. */
async function translateHere(text: string): Promise<string> {
  const tokens = Math.ceil(text.length / 4)
  await purser.record({ provider: 'local', model: 'indictrans2-local', usage: { inputTokens: tokens, outputTokens: tokens } })
  return text.toUpperCase()
}

// About 3 tokens are spoken in a second.
const spoken = job.audioSeconds * 3
const estimate = await purser.estimate({
  calls: [
    { stage: '06_whisperx_asr', model: 'whisperx/large-v3', audio_seconds: job.audioSeconds },
    ...(job.translation === 'hosted' ? [{ stage: '10_translation', model: 'indictrans2/en-indic', input: spoken, output: spoken }] : []),
    { stage: '13_ai_summarization', model: 'openai/gpt-4o', input: spoken, output: 300 },
  ],
})
console.log(`Job ${id} of user ${job.user} will cost about ${formatUsd(estimate.costNanos)}.`)

const labels = { job: id, user: job.user, workflow: job.workflow }
const ended = await purser.run({ id, project: 'media', labels, estimate }, async (run) => {
  const { verdict, warnings } = run.admission
  console.log(verdict === 'warned' ? `⚠ Budget limit exceeded. Job allowed (soft limit). ${warnings.join(' ')}` : '✅ Within budget')
  const text = await run.stage('06_whisperx_asr', { keep: true }, transcribe)
  const translated = await run.stage('10_translation', { keep: true }, () =>
    job.translation === 'local' ? translateHere(text) : ask(indicTrans2, 'en-indic', 'Translate into Hindi.', text),
  )
  return run.stage('13_ai_summarization', { keep: true }, () => ask(openai, 'gpt-4o', 'Sum up in three sentences.', translated))
})

if (ended.state === 'completed') console.log(ended.result)
else if (ended.state === 'refused') console.log(`Budget limit reached. Job blocked. ${ended.message}`)
else console.log(ended.message)
process.exitCode = ended.state === 'completed' ? 0 : 4

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`

function showRows(rows: readonly CostRow[]): void {
  for (const { key, costNanos, calls } of rows) console.log(`  ${key.join(' ')}: ${formatUsd(costNanos)}, ${counted(calls, 'call')}`)
}

/** What the job cost by stage. */
async function showJob(): Promise<void> {
  const { total, rows } = await purser.costs({ groupBy: ['stage', 'service'], where: [parseFilter(`job=${id}`)], sort: 'name' })
  console.log(`Job ${id}: ${formatUsd(total.costNanos)}`)
  showRows(rows)
}

/** The month of its user: the limit, the jobs, and the costs by service. */
async function showMonth(): Promise<void> {
  const month = new Date().toISOString().slice(0, 7)
  const where = [parseFilter(`user=${job.user}`)]
  const { total, rows } = await purser.costs({ groupBy: ['service'], where, sinceMs: Date.parse(month), sort: 'name' })
  for (const { scope, spent, limit, level } of await purser.budgets.status()) {
    if (scope['user'] !== job.user) continue
    const used = `${formatUsd(nanos(spent))} of ${formatUsd(nanos(limit))} (${level})`
    console.log(`User ${job.user} in ${month}: ${used}, ${counted(total.runs ?? 0, 'job')}`)
    showRows(rows)
  }
}

if (purser.isTracking) {
  await showJob()
  await showMonth()
} else console.log(`What job ${id} cost is unknown: cost tracking is off.`)
await purser.close()
