/** The dialogs in which the user allows a script more than the settings do, or takes it back. */
import { basename } from 'node:path'
import * as vscode from 'vscode'
import type { Allowance } from '../protocol/panel.ts'
import type { Limits } from '../protocol/runtime.ts'
import type { Grant, Grants } from './grants.ts'
import { settingsLimits } from './recording.ts'
import type { Target } from './target.ts'

interface Kind {
  limit: keyof Limits
  label: string
  question: string
  /** What is offered; Python in WebAssembly has no more than 4 GiB. */
  steps: readonly number[]
  text(amount: number): string
}

function kinds(name: string): Record<Exclude<Allowance, 'folder'>, Kind> {
  const { t } = vscode.l10n
  const count = (amount: number) => amount.toLocaleString('en')
  return {
    time: {
      limit: 'seconds',
      label: t('More time'),
      question: t('How long may {0} run?', name),
      steps: [300, 1800, 14_400],
      text: (seconds) =>
        seconds < 120
          ? t('{0} seconds', seconds)
          : seconds < 7200
            ? t('{0} minutes', count(Math.round(seconds / 60)))
            : t('{0} hours', count(Math.round(seconds / 3600))),
    },
    memory: {
      limit: 'megabytes',
      label: t('More memory'),
      question: t('How much memory may {0} use?', name),
      steps: [3072, 4096],
      text: (megabytes) => `${count(megabytes)} MiB`,
    },
    nodes: {
      limit: 'nodes',
      label: t('More values'),
      question: t('How many values of {0} may be recorded?', name),
      steps: [10_000_000, 50_000_000],
      text: (nodes) => t('{0} values', count(nodes)),
    },
    output: {
      limit: 'outputBytes',
      label: t('More output'),
      question: t('How much may {0} print?', name),
      steps: [100_000_000, 1_000_000_000],
      text: (bytes) => `${count(bytes / 1e6)} MB`,
    },
  }
}

/** Resolves with whether anything was allowed or taken back. `what` undefined: the user is asked. */
export async function allowMore(grants: Grants, target: Target, what?: Allowance): Promise<boolean> {
  const grant = grants.of(target.uri)
  const changed = what ? await allow(grants, target, what) : await choose(grants, target)
  if (!changed) return false
  await grants.set(target.uri, { ...grant, ...changed })
  return true
}

async function choose(grants: Grants, target: Target): Promise<Partial<Grant> | null> {
  const { t } = vscode.l10n
  const name = basename(target.path)
  const now = grants.limits(target.uri, settingsLimits())
  const { folders, limits } = grants.of(target.uri)
  type Item = vscode.QuickPickItem & { run?: () => Promise<Partial<Grant> | null> }
  const items: Item[] = Object.entries(kinds(name)).map(([what, { label, limit, text }]) => ({
    label,
    description: text(now[limit]),
    run: () => allow(grants, target, what as Allowance),
  }))
  if (mayReadFolders(target)) items.push({ label: t('A folder …'), run: () => allow(grants, target, 'folder') })
  const taken: Item[] = folders.map((folder) => ({
    label: t('Take back {0}', basename(folder)),
    description: folder,
    run: () => Promise.resolve({ folders: folders.filter((other) => other !== folder) }),
  }))
  if (Object.keys(limits).length > 0)
    taken.push({ label: t('Take back all but folders'), run: () => Promise.resolve({ limits: {} }) })
  if (taken.length > 0) items.push({ label: '', kind: vscode.QuickPickItemKind.Separator }, ...taken)
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: t('What may {0} have more of?', name) })
  return (await chosen?.run?.()) ?? null
}

async function allow(grants: Grants, target: Target, what: Allowance): Promise<Partial<Grant> | null> {
  return what === 'folder' ? allowFolder(grants, target) : allowAmount(grants, target, what)
}

async function allowAmount(
  grants: Grants,
  target: Target,
  what: Exclude<Allowance, 'folder'>,
): Promise<Partial<Grant> | null> {
  const { t } = vscode.l10n
  const { limit, question, steps, text } = kinds(basename(target.path))[what]
  const now = grants.limits(target.uri, settingsLimits())[limit]
  const items = steps.filter((amount) => amount > now).map((amount) => ({ title: text(amount), amount }))
  const detail = [
    t('Now: {0}.', text(now)),
    items.length > 0
      ? t('What you allow is kept for this script on your side, never in the workspace.')
      : t('There is no more than that.'),
  ]
  const options = { modal: true, detail: detail.join(' ') }
  const chosen = await vscode.window.showWarningMessage(question, options, ...items)
  return chosen ? { limits: { ...grants.of(target.uri).limits, [limit]: chosen.amount } } : null
}

async function allowFolder(grants: Grants, target: Target): Promise<Partial<Grant> | null> {
  const { t } = vscode.l10n
  if (!mayReadFolders(target)) {
    const manage = t('Manage Workspace Trust')
    const text = t('Only scripts on the disk, in a workspace that is trusted, can be allowed a folder.')
    if ((await vscode.window.showWarningMessage(text, manage)) === manage)
      await vscode.commands.executeCommand('workbench.trust.manage')
    return null
  }
  const chosen = await vscode.window.showOpenDialog({
    ...{ canSelectFolders: true, canSelectFiles: false, canSelectMany: false },
    title: t('A folder that {0} may read, as a copy', basename(target.path)),
    openLabel: t('Allow'),
    defaultUri: vscode.Uri.joinPath(vscode.Uri.file(target.cwd), '..'),
  })
  const folder = chosen?.[0]?.fsPath
  const { folders } = grants.of(target.uri)
  return folder === undefined || folders.includes(folder) ? null : { folders: [...folders, folder] }
}

const mayReadFolders = ({ uri }: Target) => vscode.workspace.isTrusted && /^(?:file|untitled):/.test(uri)
