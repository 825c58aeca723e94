/** Whether `text` has an ASCII control character, those below U+0020, that is not one of `except`. */
export function hasControlCharacter(text: string, except: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) < 0x20 && !except.includes(text.charAt(i))) return true;
  }
  return false;
}
