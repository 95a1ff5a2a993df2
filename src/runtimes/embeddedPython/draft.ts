/**
 * What a followed run would show if it ended now. Such a run is told as a whole, at its end; a run that is killed has
 * none, and keeps the last of these.
 *
 * A draft arrives as a header (how much was followed, the bytes of the wire that it comes after, whether there is a
 * draft, its length) and that many bytes, over several frames where it is long.
 */

const HEADER = 13
/** As much as a long recording may take; a script could claim any length. */
const MOST_BYTES = 512 * 1024 * 1024

export class Drafts {
  private after = 0
  private missing = 0
  private parts: Uint8Array[] = []
  private kept: { after: number; bytes: Uint8Array[] } | null = null

  /** Takes a frame; returns how much was followed so far when it says so. */
  take(frame: Uint8Array): number | null {
    if (this.missing > 0) {
      this.add(frame)
      return null
    }
    if (frame.length < HEADER) return null
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
    const length = view.getUint32(9, true)
    if (view.getUint8(8) === 1 && length <= MOST_BYTES) {
      this.after = view.getUint32(4, true)
      this.missing = length
      this.parts = []
      if (frame.length > HEADER) this.add(frame.subarray(HEADER))
    }
    return view.getUint32(0, true)
  }

  /** The last whole draft, if it fits behind as many bytes of the wire. */
  fitting(wireBytes: number): Uint8Array[] {
    return this.kept?.after === wireBytes >>> 0 ? this.kept.bytes : []
  }

  private add(bytes: Uint8Array): void {
    this.parts.push(bytes.subarray(0, this.missing))
    this.missing -= Math.min(bytes.length, this.missing)
    if (this.missing > 0) return
    this.kept = { after: this.after, bytes: this.parts }
    this.parts = []
  }
}
