import { screen, waitFor } from '@testing-library/react'
import { useForm } from 'react-hook-form'
import { expect, test, vi } from 'vitest'

import { FormFrame } from '@/components/form-frame'
import { Dialog, DialogContent } from '@/components/ui/dialog'
import { Field } from '@/components/ui/field'
import { makeProblem } from '@/testing/factories'
import { renderPart } from '@/testing/render'
import { sees } from '@/testing/sees'

import { useSubmit } from './use-submit'

type Values = { name: string; tags: string }

type FormProps = {
  save: (values: Values) => Promise<unknown>
  showMessage?: (message: string) => void
}

function NameForm({ save, showMessage }: FormProps) {
  const form = useForm<Values>({ defaultValues: { name: 'Ada', tags: '' } })
  const submit = useSubmit(form, ['name', 'tags'], save, showMessage)
  const { errors, isSubmitting } = form.formState
  return (
    <Dialog open>
      <DialogContent title="Form" description="">
        <FormFrame submitLabel="Save" isBusy={isSubmitting} onSubmit={submit}>
          <Field label="Name" error={errors.name?.message}>
            {(control) => <input {...control} {...form.register('name')} />}
          </Field>
          <Field label="Tags" error={errors.tags?.message}>
            {(control) => <input {...control} {...form.register('tags')} />}
          </Field>
        </FormFrame>
      </DialogContent>
    </Dialog>
  )
}

/** A save that fails as the API client does: with the problem that the server sent. */
const failWith = (problem: unknown) => async () => {
  await Promise.resolve()
  throw problem
}

const invalid = (errors: Record<string, string>) =>
  makeProblem(
    400,
    'invalid',
    'The input is not valid.',
    Object.fromEntries(
      Object.entries(errors).map(([name, detail]) => [
        name,
        [{ code: 'invalid', detail }],
      ]),
    ),
  )

async function submit(props: FormProps) {
  const { user } = renderPart(<NameForm {...props} />)
  await user.click(await screen.findByRole('button', { name: 'Save' }))
}

test('saves the values', async () => {
  const save = vi.fn(() => Promise.resolve())

  await submit({ save })

  expect(save).toHaveBeenCalledExactlyOnceWith({ name: 'Ada', tags: '' })
})

test('shows what the server rejects on its field, and keeps the input', async () => {
  await submit({ save: failWith(invalid({ name: 'Taken.' })) })

  await waitFor(() => {
    expect(screen.getByLabelText('Name')).toHaveAccessibleDescription('Taken.')
  })
  expect(screen.getByLabelText('Name')).toHaveValue('Ada')
  expect(screen.queryByText('The input is not valid.')).toBeNull()
})

test('shows an error of a part of a field on the field', async () => {
  await submit({
    save: failWith(invalid({ 'tags.3.name': 'Too long.' })),
  })

  await waitFor(() => {
    expect(screen.getByLabelText('Tags')).toHaveAccessibleDescription(
      'Too long.',
    )
  })
})

test('does not take a field for another whose name begins the same', async () => {
  await submit({ save: failWith(invalid({ names: 'Unknown.' })) })

  await sees('Unknown.')
  expect(screen.getByLabelText('Name')).not.toBeInvalid()
})

test.each([
  [makeProblem(409, 'conflict', 'It was deleted.'), 'It was deleted.'],
  [new TypeError('Failed to fetch'), /Agentarium is not responding/],
])('shows the failure %j, which concerns no field', async (error, message) => {
  await submit({ save: failWith(error) })

  await sees(message)
})

test('leaves the message to a form that has a place for it', async () => {
  const showMessage = vi.fn()

  await submit({
    save: failWith(makeProblem(403, 'no', 'Not permitted.')),
    showMessage,
  })

  await waitFor(() => {
    expect(showMessage).toHaveBeenCalledExactlyOnceWith('Not permitted.')
  })
  expect(screen.queryByText('Not permitted.')).toBeNull()
})

test('saves once although it is submitted twice', async () => {
  const save = vi.fn(() => new Promise(() => undefined))
  const { user } = renderPart(<NameForm save={save} />)

  await user.type(await screen.findByLabelText('Name'), '{Enter}{Enter}')

  expect(save).toHaveBeenCalledOnce()
})
