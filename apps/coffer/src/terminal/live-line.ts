const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 80;
const columnsDefault = 80;
const eraseLine = '\r\x1b[2K';

/** One line at the bottom of a terminal that moves until it is stopped; lines that stay are printed above it. */
export class LiveLine {
  readonly #stream: NodeJS.WriteStream;
  #timer: NodeJS.Timeout | undefined;
  #text: string;
  #frame = 0;

  constructor(stream: NodeJS.WriteStream, text: string) {
    this.#stream = stream;
    this.#text = text;
    this.start();
  }

  /** Moves on after a {@link stop}. */
  start(): void {
    this.#timer = setInterval(() => this.#draw(), frameMs);
    this.#timer.unref();
    this.#draw();
  }

  update(text: string): void {
    this.#text = text;
  }

  /** Has `write` print lines that stay. */
  above(write: () => void): void {
    this.#stream.write(eraseLine);
    write();
    this.#draw();
  }

  /** Leaves the line empty, so that something else may be there. */
  stop(): void {
    clearInterval(this.#timer);
    this.#stream.write(eraseLine);
  }

  #draw(): void {
    const columns = this.#stream.columns > 0 ? this.#stream.columns : columnsDefault;
    // A line that wraps could not be erased again.
    this.#stream.write(
      `${eraseLine}  ${frames[this.#frame++ % frames.length]} ${this.#text}`.slice(0, eraseLine.length + columns - 1),
    );
  }
}
