// Mainline llama.cpp as the package node-llama-cpp has it: the same figures as llama_peer.py prints, without a server,
// and built for the instruction sets of the machine.
//
//     npm install --prefix /tmp/peers --ignore-scripts node-llama-cpp
//     node bench/llama_peer.mjs single /tmp/peers/node_modules MODEL.gguf --threads 2 --prompt-tokens 512 --gen-tokens 128
//     node bench/llama_peer.mjs batch  /tmp/peers/node_modules MODEL.gguf --threads 2 --batch 4,8 --prompt-tokens 128 --gen-tokens 64

import path from "node:path";
import {parseArgs} from "node:util";

const {values, positionals: [mode, modules, file]} = parseArgs({
  allowPositionals: true,
  options: {
    "threads": {type: "string", default: "2"},
    "prompt-tokens": {type: "string", default: "512"},
    "gen-tokens": {type: "string", default: "128"},
    "batch": {type: "string", default: "4,8,16,32"},
  },
});
const threads = Number(values.threads);
const promptTokens = Number(values["prompt-tokens"]), genTokens = Number(values["gen-tokens"]);

function promptOf(seed, length) {
  let state = seed + 1;
  return Array.from({length}, () => 1 + (state = (state * 48271) % 2147483647) % 999);
}
const seconds = () => performance.now() / 1000;

// The moments at which a sequence's tokens arrive; greedy, and no end token ends it.
async function generate(sequence, prompt, count) {
  const times = [];
  for await (const _ of sequence.evaluate(prompt, {temperature: 0, yieldEogToken: true})) {
    times.push(seconds());
    if (times.length === count) break;
  }
  return times;
}

async function withSequences(model, count, work) {
  const made = await model.createContext({
    sequences: count, contextSize: promptTokens + genTokens + 64, batchSize: 512,
    threads: {ideal: threads, min: threads},
  });
  const sequences = Array.from({length: count}, () => made.getSequence());
  await generate(sequences[0], promptOf(0, 16), 4);  // the first pays for what others share
  await sequences[0].clearHistory();
  const result = await work(sequences);
  await made.dispose();
  return result;
}

function single(model) {
  return withSequences(model, 1, async ([sequence]) => {
    const begin = seconds();
    const [first] = await generate(sequence, promptOf(1, promptTokens), 1);
    await sequence.clearHistory();
    const times = await generate(sequence, promptOf(2, 16), genTokens);
    return {prefill: promptTokens / (first - begin), decode: (times.length - 1) / (times.at(-1) - times[0])};
  });
}

// Tokens a second while all of them generate.
function together(model, count) {
  return withSequences(model, count, async (sequences) => {
    const streams = await Promise.all(sequences.map((one, i) => generate(one, promptOf(100 + i, promptTokens), genTokens)));
    const begin = Math.max(...streams.map((times) => times[0]));
    const end = Math.min(...streams.map((times) => times.at(-1)));
    const tokens = streams.flat().filter((moment) => begin < moment && moment <= end).length;
    return end > begin ? tokens / (end - begin) : 0;
  });
}

async function main() {
  const {getLlama, LlamaLogLevel} = await import(path.resolve(modules, "node-llama-cpp/dist/index.js"));
  const llama = await getLlama({gpu: false, build: "never", maxThreads: threads, logLevel: LlamaLogLevel.error});
  const model = await llama.loadModel({modelPath: path.resolve(file)});
  if (mode === "single") return single(model);
  const rates = {};
  for (const count of values.batch.split(",")) rates[count] = await together(model, Number(count));
  return rates;
}

try {
  console.log(JSON.stringify(await main()));
  process.exit(0);  // the package keeps threads
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
