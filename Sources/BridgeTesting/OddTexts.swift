/// Texts that break careless text handling.
public enum OddTexts {
  public static let all = [
    " ", "\n", "\r\n", "'; DROP TABLE messages; --", "\"quoted\" 'twice' \\back", "%_*?$1 :x @y ?1",
    "\u{1}\u{8}\u{1B}[31mred\u{1B}[0m\u{7F}", "\u{85}\u{2028}\u{2029}", "\u{FEFF}mark", "\u{FFFD}\u{FFFE}\u{FFFF}", "\u{10FFFF}\u{E000}",
    "e\u{301} is not \u{E9}", "👩‍👩‍👧‍👦🏳️‍🌈", "שלום \u{202E}abc", "日本語の文章", "null", "0", "1e400", "{\"content\": null}", "<channel source=\"x\">",
  ]
}
