// Money is whole cents; only what is shown has a point.

const whole = new Intl.NumberFormat("en");

export function money(cents) {
  const size = Math.abs(cents);
  return `${cents < 0 ? "−" : ""}${whole.format(Math.floor(size / 100))}.${String(size % 100).padStart(2, "0")}`;
}

// plain is money as it is typed.
export const plain = (cents) => money(cents).replaceAll(",", "");

export const signed = (cents) => (cents > 0 ? "+" : "") + money(cents);

// change is how much a price has moved, in hundredths of a percent.
export function change(from, to) {
  return from ? `${signed(Math.round(((to - from) * 10000) / from))} %` : "";
}

// cents reads what somebody typed, or is NaN.
export function cents(text) {
  const match = /^(\d{1,9})(?:[.,](\d{1,2}))?$/.exec(text.replaceAll(/[\s']/g, ""));
  return match ? Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0")) : NaN;
}
