"""Prompts as the real CLIPTokenizer cuts them, with its files in the form that transformers writes today and in the published one."""

import os

from conditional import tokenizer

from common import Case

PROMPTS = [
    "",
    " ",
    "the cat and a dog",
    "The CAT's dog isn't; they'll, I'd we're I've I'm",
    "an  and\tthe\n dog  ",
    "caf\u00e9 na\u00efve \u00c5ngstr\u00f6m \u00df\u0130\u0131",
    "cafe\u0301 e\u0301\u0302",
    "\u732b\u3068\u72ac \uff23\uff21\uff34 \uff11\uff12",
    "\U0001f408 \U0001f469\u200d\U0001f680 \u2764\ufe0f",
    "<|endoftext|> dog <|startoftext|>cat<|endoftext|>",
    "<|EndOfText|>",
    "1234 5.6e-7 #7 $8 100%",
    "a,b.c!d?e(f)g[h]{i}",
    "under_score kebab-case 'quoted' \u2018curly\u2019 \u201cdouble\u201d \u2026",
    "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u03b5\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac \u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u0939\u093f\u0928\u094d\u0926\u0940",
    "zero\u200bwidth soft\u00adhyphen nb\u00a0space \u3000wide",
    "\u00bd \u00b2 \u2460 \u2163",
    "the " * 40,
    "thethethe catcat dogdog andand",
    "<b>the</b> &amp; cat",
    "\u01c5 \ufb01 \u212b",
    "(the cat:1.2) BREAK a dog",
]


def write(out, versions, wanted):
    for name in ["tokens-saved", "tokens-published"]:
        if not wanted(name):
            continue
        case = Case(out, name, family="transformers", expect="match", **versions)
        words = tokenizer(case.path("tokenizer") if name == "tokens-published" else os.path.join(out, ".tokenizer"))
        if name == "tokens-saved":
            words.save_pretrained(case.path("tokenizer"))
        case.about["context"] = words.model_max_length
        case.about["prompts"] = [
            dict(
                prompt=prompt,
                ids=words(
                    prompt, padding="max_length", max_length=words.model_max_length, truncation=True
                ).input_ids,
            )
            for prompt in PROMPTS
        ]
        case.write()
