// OpenAI's client for Node: structured parsing, tools, responses, embeddings.
import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { assert, check, done, hello } from './checks.mjs';

const client = new OpenAI({ maxRetries: 0 });
const Pick = z.object({ colour: z.enum(['red', 'blue']), ok: z.boolean() });

await check('chat streamed', async () => {
  const stream = client.chat.completions.stream({ model: 'm', messages: hello, max_tokens: 8, temperature: 0 });
  const final = await stream.finalChatCompletion();
  const plain = await client.chat.completions.create({ model: 'm', messages: hello, max_tokens: 8, temperature: 0 });
  assert(final.choices[0].message.content === plain.choices[0].message.content, final);
});
await check('parse', async () => {
  const answer = await client.chat.completions.parse({
    model: 'm', messages: hello, max_tokens: 80, response_format: zodResponseFormat(Pick, 'pick') });
  assert(['red', 'blue'].includes(answer.choices[0].message.parsed.colour), answer);
});
await check('responses', async () => {
  const answer = await client.responses.create({ model: 'm', input: 'Once upon a time', max_output_tokens: 12, temperature: 0 });
  assert(answer.output_text.length > 0, answer);
  const events = [];
  const stream = await client.responses.create({ model: 'm', input: 'Once upon a time', max_output_tokens: 12, temperature: 0, stream: true });
  for await (const event of stream) events.push(event);
  assert(events.map((e) => e.sequence_number).every((n, i) => n === i), 'sequence numbers');
  assert(events.filter((e) => e.type === 'response.output_text.delta').map((e) => e.delta).join('') === answer.output_text, 'deltas');
  assert((await client.responses.retrieve(answer.id)).id === answer.id, 'retrieve');
  await client.responses.delete(answer.id);
});
await check('responses parse', async () => {
  const answer = await client.responses.parse({
    model: 'm', input: 'x', max_output_tokens: 80, text: { format: zodTextFormat(Pick, 'pick') } });
  assert(['red', 'blue'].includes(answer.output_parsed.colour), answer);
});
await check('embeddings', async () => {
  const answer = await client.embeddings.create({ model: 'enc', input: ['Hello world', 'x'] });
  assert(answer.data[1].embedding.length === 32, answer.data[1].embedding.length);
});
done();
