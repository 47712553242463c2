// A script's checks: what one throws is its failure; a name is printed with "ok" or "FAIL".
let failed = false;
export const hello = [{ role: 'user', content: 'Once upon a time' }];
export async function check(name, run) {
  try {
    await run();
    console.log(`ok ${name}`);
  } catch (error) {
    failed = true;
    console.error(error);
    console.log(`FAIL ${name}: ${error.name}: ${String(error.message).replace(/\s+/g, ' ').slice(0, 300)}`);
  }
}
export function assert(good, what) {
  if (!good) throw new Error(`assertion: ${typeof what === 'string' ? what : JSON.stringify(what)}`);
}
export function done() { process.exit(failed ? 1 : 0); }
