/** Looking inside a model: what the engine answers in the page's own worker, on the CPU. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start, visit } from "./helpers.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let place;
before(async () => (place = await start()));
after(() => place.close());

const sum = (/** @type {number[]} */ values) => values.reduce((total, value) => total + value, 0);
const near = (/** @type {number} */ a, /** @type {number} */ b) => Math.abs(a - b) < 1e-3;

test("a model is looked into while it is trained", async () => {
  const { page, done } = await visit(place);
  const seen = await page.evaluate(async () => {
    const { EngineClient } = await import(new URL("web/engine-client.js", document.baseURI).href);
    const client = await EngineClient.open("cpu");
    const refused = (request) => client.ask(request).then(() => "", (error) => error.message);
    const settings = { ...client.opened.defaults.tiny, context: 64, batch: 2, steps: 1000, eval_every: 1000, save_every: 1000, sample_every: 0 };
    const text = "Once upon a time a fox lent a lamp to the baker, and the baker gave it back to the fox. ".repeat(4) + "é";
    const inspect = () => client.ask({ type: "inspect_text", text });
    const refusals = [await refused({ type: "inspect_text", text })];
    await client.ask({ type: "read", source: { kind: "sample" } });
    await client.ask({ type: "prepare", options: { tokenizer: settings.tokenizer, context: settings.context, batch: settings.batch } });
    await client.ask({ type: "start", settings });
    refusals.push(await refused({ type: "look", layer: 0, token: 0 }));
    const fresh = await inspect();
    refusals.push(await refused({ type: "look", layer: 9, token: 0 }));
    refusals.push(await refused({ type: "inspect_text", text: "" }));
    refusals.push(await refused({ type: "inspect_text", text: "a".repeat(600) }));
    const steps = (count) => new Promise((resolve) => {
      client.onNotice = ({ type, events }) => {
        if (type === "events" && events.some((event) => event.step >= count)) resolve(undefined);
      };
    });
    const trained = steps(20);
    await client.ask({ type: "run" });
    await trained;
    const times = [];
    const timed = async (request) => {
      const began = performance.now();
      const answer = await client.ask(request);
      times.push([request.type, Math.round(performance.now() - began)]);
      return answer;
    };
    const reading = await timed({ type: "inspect_text", text });
    const token = reading.tokens.length - 2;
    const look = await timed({ type: "look", layer: 1, token });
    const more = steps(40);
    await more;
    const later = await timed({ type: "look", layer: 1, token });
    const gates = await timed({ type: "gates", layer: 1 });
    const losses = [];
    for (const part of reading.parts.keys()) losses.push(await timed({ type: "ablate", part }));
    refusals.push(await refused({ type: "ablate", part: 9 }));
    await client.ask({ type: "end_inspection" });
    refusals.push(await refused({ type: "gates", layer: 0 }));
    client.close();
    const bytes = [reading, look, gates].map((answer) => JSON.stringify(answer).length);
    return { text, refusals, fresh, reading, look, later, gates, losses, token, times, bytes };
  });
  await done();
  console.log(JSON.stringify({ times: seen.times, bytes: seen.bytes }));

  const expected = [/no model is loaded/, /no text is being looked at/, /no layer 9/, /no text to look at/, /600 tokens, and at most 512/, /no such part/, /no text is being/];
  seen.refusals.forEach((message, index) => assert.match(message, expected[index]));

  const { tokens, loss, decays, levels, parts } = seen.reading;
  assert.equal(tokens.map(({ text }) => text).join(""), seen.text);
  assert.deepEqual([tokens[0].prediction, tokens.at(-1).label], [null, "unknown"]);
  const surprises = tokens.slice(1).map(({ prediction }) => prediction.surprise);
  assert.ok(near(sum(surprises) / surprises.length, loss));
  assert.ok(loss < seen.fresh.loss, "it has learned");
  assert.ok(decays.flat().every(({ mean, shortest, longest }) => shortest <= mean && mean <= longest));
  // 23 blocks of text do not reach the third level.
  assert.equal(levels, 3);
  assert.deepEqual(parts, [{ kind: "recurrence" }, { kind: "tokens" }, { kind: "level", level: 1 }, { kind: "level", level: 2 }]);

  const { recall, attention } = seen.look;
  assert.equal(recall.shares.length, seen.token + 1);
  for (const part of [recall, ...recall.heads]) assert.ok(near(sum(part.shares), 1));
  for (const part of [attention, ...attention.heads]) assert.ok(near(sum(part.weights), 1) && part.weights.length === attention.places.length);
  assert.deepEqual(seen.later, seen.look, "it is still the model that read the text");
  assert.ok([...seen.gates.keep, ...seen.gates.write].every((head) => head.length === tokens.length));
  assert.deepEqual(seen.losses.map(({ part }) => part), parts);
  for (const { loss: without, difference } of seen.losses) assert.ok(near(without - loss, difference) && difference !== 0);
});
