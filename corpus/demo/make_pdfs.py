"""Writes the three demo PDFs beside this file: `python corpus/demo/make_pdfs.py` (needs fpdf2).

A ministry notice with an annex table, a company release with running header and footer, a customs bulletin.
Texts are our own; the figures in the release and the bulletin are illustrative.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF

HERE = Path(__file__).parent
FONT = "Helvetica"


class Paper(FPDF):
    """A4 with an optional running header and a footer that counts pages."""

    def __init__(self, title: str, author: str, dated: datetime, header: str = "", footer: str = "") -> None:
        super().__init__(format="A4")
        self.running_header, self.running_footer = header, footer
        self.set_title(title)
        self.set_author(author)
        self.set_creation_date(dated)  # a fixed date keeps the files reproducible
        self.set_margins(22, 20)
        self.set_auto_page_break(True, margin=22)
        self.add_page()

    def header(self) -> None:
        if self.running_header:
            self.set_font(FONT, size=8)
            self.cell(0, 6, self.running_header, align="R", new_x="LMARGIN", new_y="NEXT")
            self.ln(4)

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font(FONT, size=8)
        self.cell(0, 6, f"{self.running_footer}   Page {self.page_no()} of {{nb}}".strip(), align="C")

    def heading(self, text: str, size: int = 14) -> None:
        self.set_font(FONT, "B", size)
        self.multi_cell(0, size * 0.5, text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(2)

    def paragraph(self, text: str, justified: bool = False) -> None:
        self.set_font(FONT, size=10)
        self.multi_cell(0, 5.2, text, align="J" if justified else "L", new_x="LMARGIN", new_y="NEXT")
        self.ln(2)

    def grid(self, rows: list[tuple[str, ...]], widths: tuple[int, ...]) -> None:
        """A ruled table; the first row is its heading."""
        self.set_font(FONT, size=9)
        with self.table(col_widths=widths, text_align="LEFT", line_height=5.5) as table:
            for row in rows:
                cells = table.row()
                for cell in row:
                    cells.cell(cell)
        self.ln(4)


def ministry_notice() -> None:
    title = "Announcement No. 18 of 2025 on export control of certain medium and heavy rare earth items"
    paper = Paper(title, "Ministry of Commerce, General Administration of Customs", datetime(2025, 4, 4, tzinfo=UTC))
    paper.heading("Ministry of Commerce and General Administration of Customs", 11)
    paper.heading(title)
    paper.paragraph("4 April 2025. Unofficial English rendering.")
    for text in (
        "On the basis of the Export Control Law, the Foreign Trade Law, the Customs Law and the Regulations on "
        "Export Control of Dual-use Items of the People's Republic of China, and with the approval of the State "
        "Council, it has been decided to place the items in the annex under export control in order to safeguard "
        "national security and interests and to meet international obligations such as non-proliferation.",
        "1. Samarium, gadolinium, terbium, dysprosium, lutetium, scandium and yttrium, in the forms given in the "
        "annex, may not be exported without a licence.",
        "2. Operators shall apply to the competent commerce department under the State Council in accordance with "
        "the Regulations. Where an item is, contains or is mixed with a controlled item, the words \"controlled "
        "dual-use item\" and the control code shall be entered in the remarks column of the customs declaration.",
        "3. This announcement takes effect on the day of its publication. The Export Control List of Dual-use "
        "Items of the People's Republic of China is amended accordingly. Licences already granted for other items "
        "are not affected.",
    ):
        paper.paragraph(text, justified=True)
    paper.heading("Annex: items and reference customs codes", 11)
    paper.grid([
        ("Element", "Control code", "Form", "Reference HS codes"),
        ("Samarium", "1C902.a", "Metal, samarium-cobalt alloys and magnets, oxide", "2805301100, 2846901930"),
        ("Gadolinium", "1C903.a", "Metal, alloys, oxide", "2805301200, 2846901600"),
        ("Terbium", "1C904.a", "Metal, alloys, oxide", "2805301300, 2846901400"),
        ("Dysprosium", "1C905.a", "Metal, alloys, oxide", "2805301400, 2846901500"),
        ("Lutetium", "1C906.a", "Metal, alloys, oxide", "2805301900, 2846901970"),
        ("Scandium", "1C907.a", "Metal, alloys, oxide", "2805301700, 2846901980"),
        ("Yttrium", "1C908.a", "Metal, alloys, oxide", "2805301800, 2846901100"),
    ], (22, 25, 65, 54))
    paper.output(str(HERE / "rare-earth-control-notice.pdf"))


def company_release() -> None:
    title = "Hollin Tungsten starts commissioning at Drakelands and reports third quarter"
    paper = Paper(title, "Hollin Tungsten plc", datetime(2025, 10, 21, tzinfo=UTC),
                  header="Hollin Tungsten plc | News release | 21 October 2025",
                  footer="Hollin Tungsten plc is invented for this sample.")
    paper.heading(title)
    paper.paragraph("Plymouth, United Kingdom, 21 October 2025")
    for text in (
        "Hollin Tungsten plc (\"Hollin\" or the \"Company\") announces that commissioning of the rebuilt "
        "concentrator at the Drakelands tungsten and tin mine in Devon began on 13 October, and publishes its "
        "operating figures for the quarter that ended on 30 September 2025.",
        "Highlights",
        "- First ore was fed to the plant on 13 October. Hollin plans to produce 2,900 tonnes of WO3 in "
        "concentrate and 310 tonnes of tin in concentrate per year from 2027.",
        "- The pilot line produced 41 tonnes of WO3 in the third quarter, 12% more than in the second.",
        "- On 6 October Hollin signed an offtake agreement with Plansee Group of Austria for 1,200,000 mtu of "
        "tungsten concentrate over six years. Pricing is linked to European APT quotations, with a floor that is "
        "not disclosed.",
        "- A term loan of GBP 55 million from UK Export Finance was completed on 30 September.",
        "- Concentrate in stock at the end of September: 118 tonnes.",
    ):
        paper.paragraph(text)
    paper.heading("Market", 11)
    for text in (
        "Tungsten prices have continued to rise since China placed ammonium paratungstate, tungsten oxide and "
        "certain carbides under licence on 4 February 2025. APT in Rotterdam averaged US$545 per mtu in the third "
        "quarter, 24% above the second. Chinese exports of tungsten products in the first eight months were "
        "reported at 7,900 tonnes, a fall of 29 per cent on the year.",
        "The Company does not expect a relaxation of the controls. It notes that Almonty Industries started its "
        "Sangdong mine in South Korea this year and that Masan High-Tech Materials intends to reopen a refinery "
        "in Viet Nam; neither changes the balance of the market before 2027 in the view of the Board.",
    ):
        paper.paragraph(text, justified=True)
    paper.add_page()
    paper.heading("Production and sales", 11)
    paper.grid([
        ("", "Q3 2025", "Q2 2025", "Q3 2024"),
        ("WO3 produced, tonnes", "41", "37", "22"),
        ("WO3 sold, tonnes", "35", "33", "20"),
        ("Tin produced, tonnes", "4.6", "4.1", "2.2"),
        ("Price received, US$/mtu", "512", "398", "301"),
        ("Cash at end of period, GBP million", "61.2", "14.9", "18.3"),
    ], (70, 32, 32, 32))
    paper.heading("Outlook", 11)
    for text in (
        "Hot commissioning is scheduled to last until February 2026. A decision on a downstream APT plant with a "
        "capacity of 4,000 tonnes a year could be taken in the second half of 2026; it would depend on support from "
        "government, and no such support has been promised.",
        "The chief executive, Morwenna Clarke, said: \"Europe consumes a fifth of the world's tungsten and mines "
        "three per cent of it. We are not going to change that alone, but we have made a start.\"",
        "This announcement contains inside information for the purposes of Article 7 of Regulation 596/2014 as it "
        "forms part of domestic law. Forward-looking statements are subject to risk; actual results may differ.",
        "Enquiries: Hollin Tungsten plc, Investor relations, Plymouth.",
    ):
        paper.paragraph(text, justified=True)
    paper.output(str(HERE / "tungsten-company-release.pdf"))


def customs_bulletin() -> None:
    title = "Foreign trade bulletin: lithium exports of Chile, July 2025"
    paper = Paper(title, "Foreign Trade Observatory", datetime(2025, 8, 8, tzinfo=UTC),
                  footer="Foreign Trade Observatory (sample)")
    paper.heading("Foreign Trade Observatory", 11)
    paper.heading(title)
    paper.paragraph("Santiago, 8 August 2025. Figures are illustrative.")
    paper.paragraph(
        "Chile exported 20,600 tonnes of lithium carbonate in July, 43% more than in June and 4% less than in July "
        "2024. The shipments were worth US$161 million. China received 13,600 tonnes, or 66% of the total.")
    paper.grid([
        ("Destination", "July 2025 (t)", "June 2025 (t)", "Value July (US$ million)", "Price (US$/kg)"),
        ("China", "13,600", "8,910", "103.4", "7.60"),
        ("South Korea", "4,120", "3,350", "34.2", "8.30"),
        ("Japan", "1,480", "1,230", "13.0", "8.78"),
        ("United States", "610", "470", "4.9", "8.03"),
        ("Other", "790", "450", "5.5", "6.96"),
        ("Total", "20,600", "14,410", "161.0", "7.82"),
    ], (36, 30, 30, 40, 30))
    paper.paragraph(
        "Exports of lithium sulphate amounted to 11,200 tonnes, all of them bound for China. No lithium hydroxide was "
        "shipped to India.")
    paper.paragraph(
        "Producers. SQM sold 53,100 tonnes of lithium in the second quarter, it said last week, and keeps its plan to "
        "sell 220,000 tonnes this year. Albemarle has suspended work on a second extraction plant at Antofagasta. "
        "The association of SQM with Codelco was approved by the Chinese competition authority in November and is to "
        "start before the end of the year.")
    paper.output(str(HERE / "chile-lithium-bulletin.pdf"))


if __name__ == "__main__":
    ministry_notice()
    company_release()
    customs_bulletin()
