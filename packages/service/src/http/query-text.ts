/** A name or value of a query, decoded as ASP.NET Core does: `+` is a blank, what is no valid percent-encoding stays as it is. */
export function decodeQueryText(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
