/** Replaces the browser's EventSource; the test acts as the server. */
export class FakeEventSource extends EventTarget {
  static all: FakeEventSource[] = []

  readonly url: string
  isClosed = false

  constructor(url: string) {
    super()
    this.url = url
    FakeEventSource.all.push(this)
  }

  open() {
    this.dispatchEvent(new Event('open'))
  }

  emit(type: string, data: unknown, lastEventId = '') {
    if (this.isClosed) return
    const message = { data: JSON.stringify(data), lastEventId }
    this.dispatchEvent(new MessageEvent(type, message))
  }

  /** The connection breaks. */
  fail() {
    this.dispatchEvent(new Event('error'))
  }

  close() {
    this.isClosed = true
  }
}
