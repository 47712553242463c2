// Vercel's AI SDK: text, streams, objects and tools, through its OpenAI-compatible provider and OpenAI's own.
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import * as ai from 'ai';
import { z } from 'zod';
import { assert, check, done } from './checks.mjs';

const options = { baseURL: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY };
const compatible = createOpenAICompatible({ name: 'pano', supportsStructuredOutputs: true, ...options });
const openai = createOpenAI(options);
const schema = z.object({ colour: z.enum(['red', 'blue']), ok: z.boolean() });
const ask = { prompt: 'Once upon a time', temperature: 0, maxRetries: 0 };

await check('generateText', async () => {
  const { text } = await ai.generateText({ model: compatible('m'), maxOutputTokens: 8, ...ask });
  assert(text.length > 0, text);
});
await check('streamText', async () => {
  const { textStream } = ai.streamText({ model: compatible('m'), maxOutputTokens: 8, ...ask });
  let text = '';
  for await (const piece of textStream) text += piece;
  const plain = await ai.generateText({ model: compatible('m'), maxOutputTokens: 8, ...ask });
  assert(text === plain.text, { text, plain: plain.text });
});
await check('generateObject', async () => {
  const { object } = await ai.generateObject({ model: compatible('m'), schema, maxOutputTokens: 80, ...ask });
  assert(['red', 'blue'].includes(object.colour), object);
});
await check('generateObject by responses', async () => {
  const { object } = await ai.generateObject({ model: openai.responses('m'), schema, maxOutputTokens: 80, ...ask });
  assert(['red', 'blue'].includes(object.colour), object);
});
await check('streamText by responses', async () => {
  const { textStream } = ai.streamText({ model: openai.responses('m'), maxOutputTokens: 16, ...ask });
  let text = '';
  for await (const piece of textStream) text += piece;
  assert(text.length > 0, text);
});
await check('tool call', async () => {
  const { toolCalls } = await ai.generateText({
    model: compatible('m'), maxOutputTokens: 200, ...ask, toolChoice: 'required',
    tools: { pick: ai.tool({ description: 'Picks', inputSchema: schema }) } });
  assert(toolCalls[0].toolName === 'pick' && ['red', 'blue'].includes(toolCalls[0].input.colour), toolCalls);
});
await check('embed', async () => {
  const { embedding } = await ai.embed({ model: (compatible.embeddingModel ?? compatible.textEmbeddingModel)('enc'), value: 'Hello', maxRetries: 0 });
  assert(embedding.length === 32, embedding.length);
});
done();
