import { useQuery } from '@tanstack/react-query'
import { CircleCheckIcon, CircleSlashIcon } from 'lucide-react'

import { ErrorNotice } from '@/components/notice'
import { SettingsCard } from '@/components/section'
import { Skeleton } from '@/components/ui/skeleton'
import { formatCount } from '@/lib/format'

import { modelsQuery, providersQuery } from './queries'
import type { Model, Provider } from './queries'

/** The models that can be called, and what the others need. */
export function ModelSettings() {
  const providers = useQuery(providersQuery())
  const models = useQuery(modelsQuery())
  const failed = [providers, models].find(({ error, data }) => error && !data)
  return (
    <SettingsCard
      title="Models and providers"
      description="Configured by the operator in the server’s environment."
    >
      {failed && (
        <ErrorNotice
          error={failed.error}
          onRetry={() => void failed.refetch()}
        />
      )}
      {!failed && !(providers.data && models.data) && (
        <div role="status" aria-label="Loading" className="space-y-4 p-6">
          {['first', 'second', 'third'].map((each) => (
            <Skeleton key={each} className="h-9 w-full" />
          ))}
        </div>
      )}
      {providers.data && models.data && (
        <Providers providers={providers.data} models={models.data} />
      )}
    </SettingsCard>
  )
}

type ProvidersProps = { providers: Provider[]; models: Model[] }

/** Configured providers first. */
function Providers({ providers, models }: ProvidersProps) {
  const sorted = providers.toSorted(
    (one, other) => Number(other.is_configured) - Number(one.is_configured),
  )
  return (
    <ul aria-label="Providers" className="divide-y">
      {sorted.map((provider) => (
        <ProviderItem
          key={provider.name}
          provider={provider}
          models={models.filter((each) => each.provider === provider.name)}
        />
      ))}
    </ul>
  )
}

type ProviderItemProps = { provider: Provider; models: Model[] }

function ProviderItem({ provider, models }: ProviderItemProps) {
  const isReady = provider.is_configured && !provider.reason
  const Icon = isReady ? CircleCheckIcon : CircleSlashIcon
  return (
    <li className="flex items-start gap-3 px-4 py-4 sm:px-6">
      <Icon
        role="img"
        aria-label={isReady ? 'Ready' : 'Not ready'}
        className={`mt-0.5 size-4.5 shrink-0 ${isReady ? 'text-completed' : 'text-muted-foreground'}`}
      />
      <div className="min-w-0 flex-1">
        <h3 className="text-sm font-medium">{provider.title}</h3>
        {provider.reason && (
          <p className="text-sm wrap-anywhere text-muted-foreground">
            {provider.reason}
          </p>
        )}
        {models.length > 0 && (
          <Models models={models} known={provider.reason} />
        )}
      </div>
    </li>
  )
}

const FEW = 5

type ModelsProps = {
  models: Model[]
  /** The reason shown for the provider, which is not repeated for each model. */
  known: string
}

function Models({ models, known }: ModelsProps) {
  const list = (
    <ul className="mt-2 space-y-1">
      {models.map((model) => (
        <ModelItem key={model.id} model={model} known={known} />
      ))}
    </ul>
  )
  if (models.length <= FEW) return list
  return (
    <details className="mt-1 text-sm">
      <summary className="w-fit cursor-pointer rounded-sm text-muted-foreground hover:text-foreground">
        {formatCount(models.length, 'model')}
      </summary>
      {list}
    </details>
  )
}

type ModelItemProps = { model: Model; known: string }

function ModelItem({ model, known }: ModelItemProps) {
  const { is_available, is_default, price, reason } = model
  return (
    <li className="text-xs">
      <span className="flex flex-wrap items-baseline gap-x-2">
        <code
          className={`font-mono wrap-anywhere ${is_available ? '' : 'text-muted-foreground'}`}
        >
          {model.id}
        </code>
        {is_default && (
          <span className="rounded-full bg-brand/12 px-1.5 py-px text-brand">
            default
          </span>
        )}
        {price && <Price rates={price.rates} />}
      </span>
      {reason && reason !== known && (
        <span className="block text-muted-foreground">{reason}</span>
      )}
    </li>
  )
}

/** Per million tokens, as providers state it. */
function Price({ rates }: { rates: NonNullable<Model['price']>['rates'] }) {
  return (
    <span className="text-muted-foreground tabular">
      ${Number(rates.input)} in, ${Number(rates.output)} out per million tokens
    </span>
  )
}
