/// Converts Go's names of Unicode classes in patterns to members of a bracket expression for RE2.
///
/// Since Go 1.25, names are compared without regard to case, spaces, `_` and `-`, categories also have long names, and
/// `ASCII`, `Assigned`, `Cn`, `LC` and `Any` exist. The scripts are those that RE2 knows.
enum UnicodeClass {
    /// - Parameter name: as written between braces, without `^`.
    /// - Returns: for example `\\p{Lu}` or `\\x{0}-\\x{7F}`; nil if there is no such class.
    static func members(named name: [UInt8], isNegative: Bool) -> String? {
        let key = folded(name)
        switch key {
        case "any": return isNegative ? "\\P{Any}" : "\\p{Any}"
        case "ascii": return isNegative ? "\\x{80}-\\x{10FFFF}" : "\\x{0}-\\x{7F}"
        case "lc", "casedletter": return isNegative ? notCased + unassigned : classes(["Lu", "Ll", "Lt"])
        case "cn", "unassigned": return isNegative ? assigned : unassigned
        case "assigned": return isNegative ? unassigned : assigned
        case "c", "other":
            // It includes unassigned code points.
            return isNegative ? classes(graphic) : classes(others) + unassigned
        default:
            guard let known = categories[key] ?? scripts[key] else { return nil }
            return (isNegative ? "\\P{" : "\\p{") + known + "}"
        }
    }

    private static func folded(_ name: [UInt8]) -> String {
        var text = ""
        for byte in name where byte != 0x20 && byte != 0x5F && byte != 0x2D {
            text.unicodeScalars.append(Unicode.Scalar((0x41...0x5A).contains(byte) ? byte | 0x20 : byte))
        }
        return text
    }

    private static func classes(_ names: [String]) -> String { names.map { "\\p{\($0)}" }.joined() }

    private static let graphic = ["L", "M", "N", "P", "S", "Z"]
    private static let others = ["Cc", "Cf", "Co", "Cs"]
    private static let assigned = classes(graphic + others)
    private static let notCased = classes(["Lm", "Lo", "M", "N", "P", "S", "Z"] + others)

    /// The ranges of unassigned code points. RE2 has no name for them.
    private static let unassigned: String = {
        var text = ""
        var start: UInt32?
        for number in 0...UInt32(0x11_0000) {
            // Surrogates are not scalars; they are `Cs`.
            let isUnassigned = Unicode.Scalar(number)?.properties.generalCategory == .unassigned
            if isUnassigned, start == nil { start = number }
            if !isUnassigned, let first = start {
                text += "\\x{\(String(first, radix: 16))}-\\x{\(String(number - 1, radix: 16))}"
                start = nil
            }
        }
        return text
    }()

    /// The short and long names.
    private static let categories: [String: String] = {
        let names: [String: [String]] = [
            "Cc": ["Control", "cntrl"], "Cf": ["Format"], "Co": ["Private_Use"], "Cs": ["Surrogate"],
            "L": ["Letter"], "Ll": ["Lowercase_Letter"], "Lm": ["Modifier_Letter"], "Lo": ["Other_Letter"],
            "Lt": ["Titlecase_Letter"], "Lu": ["Uppercase_Letter"], "M": ["Mark", "Combining_Mark"],
            "Mc": ["Spacing_Mark"], "Me": ["Enclosing_Mark"], "Mn": ["Nonspacing_Mark"], "N": ["Number"],
            "Nd": ["Decimal_Number", "digit"], "Nl": ["Letter_Number"], "No": ["Other_Number"],
            "P": ["Punctuation", "punct"], "Pc": ["Connector_Punctuation"], "Pd": ["Dash_Punctuation"],
            "Pe": ["Close_Punctuation"], "Pf": ["Final_Punctuation"], "Pi": ["Initial_Punctuation"],
            "Po": ["Other_Punctuation"], "Ps": ["Open_Punctuation"], "S": ["Symbol"],
            "Sc": ["Currency_Symbol"], "Sk": ["Modifier_Symbol"], "Sm": ["Math_Symbol"],
            "So": ["Other_Symbol"], "Z": ["Separator"], "Zl": ["Line_Separator"],
            "Zp": ["Paragraph_Separator"], "Zs": ["Space_Separator"],
        ]
        return table(names.flatMap { short, long in ([short] + long).map { ($0, short) } })
    }()

    private static let scripts: [String: String] = table(
        """
        Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki
        Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee
        Chorasmian Common Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra
        Duployan Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati
        Gunjala_Gondi Gurmukhi Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited
        Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi
        Khitan_Small_Script Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian
        Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui
        Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean Nag_Mundari
        Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian Old_Italic
        Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya Osage
        Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan
        Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese Syloti_Nagri
        Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan
        Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square
        """.split { $0 == " " || $0 == "\n" }.map { (String($0), String($0)) })

    private static func table(_ pairs: [(String, String)]) -> [String: String] {
        Dictionary(pairs.map { (folded(Array($0.0.utf8)), $0.1) }) { first, _ in first }
    }
}
