// Makes the files of the embedded data set emoji-pairs: faces and people of Microsoft's
// Fluent Emoji, each in colour and as a line drawing, 32×32 on white.
//
//	npm install && node make.mjs ../embedded/emoji-pairs
//
// A part's images are all those in colour (label 0), then in the same order the line
// drawings (label 1): image i and image i + n/2 show one emoji. Every eighth emoji by
// name is for testing.
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import crypto from "node:crypto";
import { createRequire } from "node:module";
import { Resvg } from "@resvg/resvg-js";

const size = 32;
const require = createRequire(import.meta.url);
const styles = ["fluent-emoji-flat", "fluent-emoji-high-contrast"].map((name) => require(`@iconify-json/${name}/icons.json`));
const { categories } = require("@iconify-json/fluent-emoji-flat/metadata.json");

// draw renders an icon as [size,size,3] bytes on white.
function draw(style, name) {
  const icon = style.icons[name];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${icon.width ?? style.width} ${icon.height ?? style.height}" color="#000">${icon.body}</svg>`;
  const { pixels, width, height } = new Resvg(svg, { background: "white", fitTo: { mode: "width", value: size } }).render();
  if (width !== size || height !== size) throw new Error(`${name} is ${width}×${height}`);
  return pixels.filter((_, i) => i % 4 !== 3);
}

// idx is an array of bytes in the format of MNIST's files.
function idx(dims, data) {
  const head = Buffer.alloc(4 + 4 * dims.length);
  head[2] = 8; // unsigned bytes
  head[3] = dims.length;
  dims.forEach((d, i) => head.writeUInt32BE(d, 4 + 4 * i));
  return Buffer.concat([head, data]);
}

const names = ["Smileys & Emotion", "People & Body"].flatMap((c) => categories[c])
  .filter((name) => styles.every((s) => s.icons[name])).sort();
const parts = { train: names.filter((_, i) => i % 8 !== 0), t10k: names.filter((_, i) => i % 8 === 0) };
const whole = crypto.createHash("sha256");
for (const [part, members] of Object.entries(parts)) {
  const images = styles.flatMap((s) => members.map((name) => draw(s, name)));
  const labels = styles.flatMap((_, label) => members.map(() => label));
  for (const [file, raw] of [
    [`${part}-images-idx4-ubyte.gz`, idx([images.length, size, size, 3], Buffer.concat(images))],
    [`${part}-labels-idx1-ubyte.gz`, idx([labels.length], Buffer.from(labels))],
  ]) {
    const packed = zlib.gzipSync(raw, { level: 9 });
    fs.writeFileSync(path.join(process.argv[2], file), packed);
    whole.update(raw);
    console.log(crypto.createHash("sha256").update(raw).digest("hex"), file, raw.length, "bytes,", packed.length, "packed");
  }
}
console.log(whole.digest("hex"), "all of them");
