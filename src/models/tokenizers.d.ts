/** The part of the library that is used. Its own declarations do not resolve under Node's module resolution. */
declare module '@huggingface/tokenizers' {
  export class Tokenizer {
    constructor(tokenizer: object, config: object)
    encode(text: string, options: { add_special_tokens: boolean }): { readonly ids: readonly number[] }
    token_to_id(token: string): number | undefined
  }
}
