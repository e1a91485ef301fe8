// Clients of the OpenAI-compatible API in JavaScript: node clients.mjs BASE_URL KEY
import assert from "node:assert/strict";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateObject, generateText, streamText } from "ai";
import OpenAI from "openai";
import { z } from "zod";

const [baseURL, apiKey] = process.argv.slice(2);
const model = "offline:demo";
const hello = "Hello there";
const schema = z.object({ city: z.string() });

const openai = new OpenAI({ baseURL, apiKey });
const said = await openai.chat.completions.create({ model, messages: [{ role: "user", content: hello }] });
assert.match(said.choices[0].message.content, /Hello there/);
assert.match((await openai.responses.create({ model, input: hello })).output_text, /Hello there/);
console.log("openai: served");

const responses = createOpenAI({ baseURL, apiKey });
assert.match((await generateText({ model: responses(model), prompt: hello })).text, /Hello there/);
let text = "";
for await (const piece of streamText({ model: responses(model), prompt: hello }).textStream) text += piece;
assert.match(text, /Hello there/);
console.log("@ai-sdk/openai: served");

const compatible = createOpenAICompatible({ name: "ours", baseURL, apiKey, supportsStructuredOutputs: true });
const { object } = await generateObject({ model: compatible(model), schema, prompt: hello });
assert.equal(typeof object.city, "string");
console.log("@ai-sdk/openai-compatible: served");
