// OpenAI's JavaScript client against a server of ours: answers, streams, errors, cancellation.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const client = new OpenAI({maxRetries: 0});
const messages = [{role: 'user', content: 'Once upon a time'}];

const checks = {
  async models() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.deepEqual(ids, ['m']);
    assert.equal((await client.models.retrieve('m')).object, 'model');
  },

  async chat() {
    const answer = await client.chat.completions.create(
      {model: 'm', messages, max_tokens: 8, temperature: 0, logprobs: true, top_logprobs: 2});
    assert.equal(answer.object, 'chat.completion');
    assert.equal(answer.choices[0].message.role, 'assistant');
    assert.ok(answer.choices[0].message.content);
    assert.equal(answer.choices[0].logprobs.content[0].top_logprobs.length, 2);
  },

  async chatStream() {
    const plain = await client.chat.completions.create(
      {model: 'm', messages, max_tokens: 12, temperature: 0});
    const stream = await client.chat.completions.create(
      {model: 'm', messages, max_tokens: 12, temperature: 0, stream: true,
       stream_options: {include_usage: true}});
    let text = '';
    let usage = null;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, plain.choices[0].message.content);
    assert.equal(usage.completion_tokens, plain.usage.completion_tokens);
    const runner = client.chat.completions.stream({model: 'm', messages, max_tokens: 12, temperature: 0});
    assert.equal((await runner.finalChatCompletion()).choices[0].message.content, text);
  },

  async completions() {
    const answer = await client.completions.create(
      {model: 'm', prompt: 'Once', max_tokens: 5, temperature: 0, echo: true, logprobs: 1});
    assert.ok(answer.choices[0].text.startsWith('Once'));
    assert.equal(answer.choices[0].logprobs.token_logprobs[0], null);
  },

  async errors() {
    await assert.rejects(client.chat.completions.create({model: 'nope', messages}),
                         (e) => e instanceof OpenAI.NotFoundError && e.code === 'model_not_found');
    await assert.rejects(client.chat.completions.create({model: 'm', messages, top_p: 5}),
                         (e) => e instanceof OpenAI.BadRequestError && e.param === 'top_p');
    await assert.rejects(new OpenAI({apiKey: 'wrong', maxRetries: 0}).models.list(),
                         (e) => e instanceof OpenAI.AuthenticationError && !!e.requestID);
  },

  async cancel() {
    for (let i = 0; i < 20; i++) {
      const stream = await client.completions.create(
        {model: 'm', prompt: 'Once', max_tokens: 400, stream: true, ignore_eos: true});
      for await (const chunk of stream) { assert.ok(chunk); break; }   // leaving the loop aborts
    }
    const controller = new AbortController();
    const pending = client.completions.create(
      {model: 'm', prompt: 'Once', max_tokens: 400, ignore_eos: true}, {signal: controller.signal});
    setTimeout(() => controller.abort(), 5);
    await pending.then(() => {}, (e) => assert.ok(e instanceof OpenAI.APIUserAbortError, e));
    const answer = await new OpenAI({maxRetries: 5}).completions.create(
      {model: 'm', prompt: 'Once', max_tokens: 1});
    assert.equal(answer.usage.completion_tokens, 1);
  },
};

for (const [name, check] of Object.entries(checks)) {
  await check();
  console.log(`javascript openai: ${name} ok`);
}
