/** The memory of a stream's events that a client resumes from (`Last-Event-ID`), for servers of both SDKs. */

interface Stored<Message> {
  readonly stream: string;
  readonly message: Message;
}

export function createEventStore<Message>() {
  const events: Stored<Message>[] = [];
  const indexOf = (id: string) => Number(id.slice(id.lastIndexOf('_') + 1));
  return {
    /** @returns the event's id. */
    storeEvent: async (stream: string, message: Message): Promise<string> =>
      `${stream}_${events.push({ stream, message }) - 1}`,
    getStreamIdForEventId: async (id: string): Promise<string | undefined> => events[indexOf(id)]?.stream,
    /** Sends what came after `id` in its stream. @returns the stream. */
    replayEventsAfter: async (
      id: string,
      { send }: { send: (id: string, message: Message) => Promise<void> },
    ): Promise<string> => {
      const after = indexOf(id);
      const stream = events[after]?.stream ?? '';
      for (const [index, event] of events.entries()) {
        // The first event of a stream is empty: it only has the id from which the client can resume.
        const isReal = Object.keys(event.message ?? {}).length > 0;
        if (index > after && event.stream === stream && isReal) await send(`${stream}_${index}`, event.message);
      }
      return stream;
    },
  };
}
