// Prints what the official parser finds wrong with an AsyncAPI document, but for that
// there are newer versions of AsyncAPI.

import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { diagnostics, document } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
const problems = diagnostics.filter(({ code }) => code !== "asyncapi-latest-version");
for (const { code, message, path } of problems) console.log(`${path.join(".")}: ${message} (${code})`);
if (!document) console.log("no document");
