#include "torture/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const names[OUTCOMES] = {"old", "new", "recovered", "stage 2",
                                              "programmer", "locked"};
static const char *const kinds[OUTCOMES] = {"old", "new", "rec", "st2", "prg", "lck"};

static const char style[] =
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#59636e;--line:#d1d9e0;"
    "--prg:#8a8f98;--lck:#b3541e;--card:#f6f8fa;--old:#4a83c9;--new:#2f9e5f;--rec:#d99a1c;"
    "--st2:#9662c4;--bad:#cf3030;"
    "--none:#e6eaee;--w0:#cfd6dd;--w1:#f6cf9a;--w2:#e58a3c;--w3:#a63a12;--wp:#3a2417}"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e6e9ec;--dim:#9aa4ae;"
    "--line:#343b43;--prg:#9aa0a8;--lck:#d9773f;--card:#1c2126;--old:#5b95dc;--new:#3fb574;"
    "--rec:#e0a93a;--st2:#ab7fd6;"
    "--bad:#f06060;--none:#2a3037;--w0:#3d454e;--w1:#7a4a1c;--w2:#c46a20;--w3:#ff9a4d;"
    "--wp:#ffe3c2}}"
    "*{box-sizing:border-box}body{margin:0 auto;padding:1rem;max-width:90rem;background:var(--bg);"
    "color:var(--fg);font:16px/1.5 system-ui,sans-serif}"
    "h1{font-size:1.6rem;margin:.2rem 0}h2{margin:2rem 0 .6rem;font-size:1.25rem}"
    "p{max-width:48rem;margin:.4rem 0}.dim{color:var(--dim)}.bad{color:var(--bad);font-weight:600}"
    ".good{color:var(--new);font-weight:600}code{overflow-wrap:anywhere;font-size:.9em}"
    ".sum,.key{display:flex;flex-wrap:wrap;gap:.6rem 1.6rem;margin:.8rem 0}"
    ".sum b{display:block;font-size:1.3rem;font-variant-numeric:tabular-nums}"
    ".key span::before{content:'';display:inline-block;width:.8em;height:.8em;margin-right:.4em;"
    "border-radius:2px;background:var(--c)}"
    ".grid{display:grid;gap:.8rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,26rem),"
    "1fr))}"
    ".card{border:1px solid var(--line);border-radius:8px;background:var(--card);padding:.8rem}"
    ".card h3{margin:0;font-size:1.05rem}.card h3 small{font-weight:400;color:var(--dim);"
    "display:block;font-size:.85rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:.6rem 0 0;"
    "font-size:.88rem;font-variant-numeric:tabular-nums}dt{color:var(--dim)}dd{margin:0}"
    "svg{display:block;width:100%;height:22px;margin:.15rem 0;background:var(--none);"
    "border-radius:3px}.at{display:flex;justify-content:space-between;font-size:.75rem;"
    "color:var(--dim)}.bar{display:flex;height:10px;border-radius:3px;overflow:hidden;"
    "margin:.5rem 0;background:var(--none)}.bar i{background:var(--c)}"
    "h4{margin:.9rem 0 .1rem;font-size:.9rem}.small{font-size:.8rem}svg.wear{height:26px}"
    "details{font-size:.85rem;margin-top:.3rem}summary{cursor:pointer;color:var(--dim)}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.4rem 0}"
    "th,td{text-align:right;padding:.1rem .7rem .1rem 0;font-weight:400}th{color:var(--dim)}";

/* ---- the page ------------------------------------------------------------ */

static void strip(FILE *f, const report_row *row, unsigned bank)
{
    fprintf(f, "<svg viewBox='0 0 %u 10' preserveAspectRatio='none' role='img' "
               "aria-label='bank %u'>", BINS, bank + 1u);
    for (unsigned i = 0; i < BINS; i++) {
        const unsigned *bin = row->bin[bank][i];
        unsigned all = 0;
        for (unsigned k = 0; k < OUTCOMES; k++) {
            all += bin[k];
        }
        double top = 0;
        for (unsigned k = 0; k < OUTCOMES && all > 0u; k++) {
            double part = 10.0 * bin[k] / all;
            if (bin[k] > 0u) {
                fprintf(f, "<rect x='%u' y='%.2f' width='1' height='%.2f' "
                           "style='fill:var(--%s)'><title>0x%05X: %u of %u %s</title></rect>",
                        i, top, part, kinds[k],
                        (unsigned)((uint64_t)i * row->chip->bank_bytes / BINS), bin[k], all,
                        names[k]);
            }
            top += part;
        }
    }
    fputs("</svg>", f);
}

static void strips(FILE *f, const report_row *row)
{
    for (unsigned bank = 0; bank < 2u; bank++) {
        strip(f, row, bank);
        fprintf(f, "<div class='at'><span>bank %u, 0x00000</span><span>0x%05X</span></div>",
                bank + 1u, (unsigned)row->chip->bank_bytes);
    }
}

/* ---- wear ------------------------------------------------------------ */

#define WEAR_COLOURS 3u /* erased once, twice, more often */

static void wear_title(FILE *f, const report_row *row, unsigned bank, const tb_page *page)
{
    fprintf(f, "<title>page %u, 0x%05X: erases: %u; %u of %u bytes programmed</title>",
            page->number, (unsigned)page->offset, row->wear.erased[bank][page->number],
            (unsigned)row->wear.written[bank][page->number], (unsigned)page->bytes);
}

/* Each page as wide as it is large: its ground tells how often it was erased, and what stands on
 * it how much of it was programmed. */
static void wear_strip(FILE *f, const report_row *row, unsigned bank)
{
    tb_page page;
    fprintf(f, "<svg class='wear' viewBox='0 0 %u 10' preserveAspectRatio='none' role='img' "
               "aria-label='wear of bank %u'>",
            (unsigned)(row->chip->bank_bytes / 1024u), bank + 1u);
    for (uint32_t at = 0; tb_page_at(row->chip, at, &page) && page.number < WEAR_PAGES;
         at = page.offset + page.bytes) {
        unsigned times = row->wear.erased[bank][page.number];
        double filled = 10.0 * row->wear.written[bank][page.number] / page.bytes;
        double x = page.offset / 1024.0, width = page.bytes / 1024.0;
        if (times == 0u && filled <= 0) {
            continue;
        }
        filled = filled > 10.0 ? 10.0 : filled > 0 && filled < 1.5 ? 1.5 : filled;
        fprintf(f, "<g><rect x='%.2f' y='0' width='%.2f' height='10' style='fill:var(--w%u)'/>", x,
                width, times < WEAR_COLOURS ? times : WEAR_COLOURS);
        fprintf(f, "<rect x='%.2f' y='%.2f' width='%.2f' height='%.2f' style='fill:var(--wp)'/>", x,
                10.0 - filled, width, filled);
        wear_title(f, row, bank, &page);
        fputs("</g>", f);
    }
    fputs("</svg>", f);
}

static bool wear_alike(const wear *w, unsigned bank, unsigned a, unsigned b)
{
    return w->erased[bank][a] == w->erased[bank][b] && w->written[bank][a] == w->written[bank][b];
}

/* The same as a list: pages that follow each other and are alike are a line. */
static void wear_list(FILE *f, const report_row *row)
{
    const wear *w = &row->wear;
    tb_page page, next;
    fputs("<details><summary>Pages</summary><table><tr><th>bank</th><th>page</th><th>from</th>"
          "<th>erased</th><th>units programmed</th></tr>", f);
    for (unsigned bank = 0; bank < 2u; bank++) {
        for (uint32_t at = 0; tb_page_at(row->chip, at, &page) && page.number < WEAR_PAGES;) {
            unsigned last = page.number;
            at = page.offset + page.bytes;
            while (tb_page_at(row->chip, at, &next) && next.number < WEAR_PAGES &&
                   wear_alike(w, bank, page.number, next.number)) {
                last = next.number;
                at = next.offset + next.bytes;
            }
            if (w->erased[bank][page.number] == 0u && w->written[bank][page.number] == 0u) {
                continue;
            }
            fprintf(f, "<tr><td>%u</td><td>%u", bank + 1u, page.number);
            if (last != page.number) {
                fprintf(f, " to %u, each", last);
            }
            fprintf(f, "</td><td>0x%05X</td><td>%u</td><td>%u</td></tr>", (unsigned)page.offset,
                    w->erased[bank][page.number],
                    (unsigned)(w->written[bank][page.number] / row->chip->unit_bytes));
        }
    }
    fputs("</table></details>", f);
}

static void wear_shown(FILE *f, const report_row *row)
{
    const wear *w = &row->wear;
    fprintf(f, "<h4>Wear of one undisturbed run</h4><p class='dim small'>erases of pages: %u, of "
               "one page at most %u; programming operations: %u; option writes: %u", w->erases,
            w->most_erases, w->programs, w->options);
    if (w->mass_erases > 0u) {
        fprintf(f, "; erases of everything: %u", w->mass_erases);
    }
    fputs("</p>", f);
    if (w->erases == 0u && w->programs == 0u) {
        return;
    }
    for (unsigned bank = 0; bank < 2u; bank++) {
        wear_strip(f, row, bank);
        fprintf(f, "<div class='at'><span>bank %u</span></div>", bank + 1u);
    }
    wear_list(f, row);
}

static void shares(FILE *f, const report_row *row)
{
    unsigned long long all = 0;
    for (unsigned k = 0; k < OUTCOMES; k++) {
        all += row->outcome[k];
    }
    fputs("<div class='bar'>", f);
    for (unsigned k = 0; k < OUTCOMES && all > 0u; k++) {
        fprintf(f, "<i style='width:%.3f%%;--c:var(--%s)' title='%llu %s'></i>",
                100.0 * (double)row->outcome[k] / (double)all, kinds[k], row->outcome[k],
                names[k]);
    }
    fputs("</div>", f);
}

static void facts(FILE *f, const report_row *row)
{
    fprintf(f, "<dl><dt>lives</dt><dd>%llu, of them %llu with two interruptions; %llu run, %llu "
               "known by a run that read the same</dd>",
            row->lives, row->deep, row->ran, row->lives - row->ran);
    fprintf(f, "<dt>outcome</dt><dd>");
    for (unsigned k = 0; k < OUTCOMES; k++) {
        if (k <= OUTCOME_STAGE2 || row->s->settle != NULL) {
            fprintf(f, "%s%llu %s", k > 0u ? ", " : "", row->outcome[k], names[k]);
        }
    }
    if (row->deep_locked > 0u) {
        fprintf(f, "; with two interruptions %llu locked", row->deep_locked);
    }
    fprintf(f, "</dd><dt>operations</dt><dd>%u interrupted", (unsigned)row->ops);
    if (row->s->instants > 0u) {
        fprintf(f, "; cut at %u instants", row->s->instants);
    }
    fprintf(f, "</dd><dt>judged</dt><dd>%llu instants</dd>", row->checks);
    fprintf(f, "<dt>longest recovery</dt><dd>%u boot%s, %llu ms</dd>", row->most_boots,
            row->most_boots == 1u ? "" : "s", row->longest_us / 1000u);
    fprintf(f, "<dt>undisturbed</dt><dd>%llu ms</dd>", row->clean_us / 1000u);
    fprintf(f, "<dt>bricks</dt><dd class='%s'>%u</dd></dl>", row->failures == 0u ? "good" : "bad",
            row->failures);
    for (unsigned i = 0; i < row->failures && i < REPORT_CASES; i++) {
        fprintf(f, "<p class='bad'>%s<br><code>make replay CHIP=%s CASE=%s</code></p>",
                row->why[i], row->chip->name, row->failed[i]);
    }
}

static void card(FILE *f, const report_row *row)
{
    fprintf(f, "<section class='card'><h3>%s<small>%s</small></h3>", row->s->name, row->s->about);
    shares(f, row);
    if (row->s->instants == 0u) {
        strips(f, row);
    }
    facts(f, row);
    wear_shown(f, row);
    fputs("</section>", f);
}

static void head(FILE *f, const report *r)
{
    unsigned long long lives = 0, ran = 0, failures = 0, audited = 0;
    for (size_t i = 0; i < r->rows; i++) {
        lives += r->row[i].lives;
        ran += r->row[i].ran;
        failures += r->row[i].failures;
        audited += r->row[i].audited;
    }
    fprintf(f, "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
               "<meta name='viewport' content='width=device-width,initial-scale=1'>"
               "<title>Twinbank torture</title><style>%s</style></head><body>", style);
    fprintf(f, "<h1>Torture: power cuts at every flash operation</h1>"
               "<p>The firmware's own binaries on the simulated part. Each flash and option "
               "operation was interrupted before, in and after it, by power, pin and watchdog; "
               "what became of the device was judged by an oracle that knows the documents "
               "only.</p>");
    fprintf(f, "<div class='sum'><span><b>%llu</b>lives</span><span><b class='%s'>%llu</b>bricks"
               "</span><span><b>%llu</b>run</span><span><b>%llu</b>known, and run to compare"
               "</span><span><b>%.0f s</b>%.0f lives/s</span><span><b>%" PRIu32 "</b>seed</span>"
               "<span><b>%u</b>depth</span></div>",
            lives, failures == 0u ? "good" : "bad", failures, ran, audited, r->seconds,
            r->seconds > 0 ? (double)lives / r->seconds : 0, r->seed, r->depth);
    fputs("<div class='key'>", f);
    for (unsigned k = 0; k < OUTCOMES; k++) {
        static const char *const about[OUTCOMES] = {
            "the old image runs", "the new image runs",
            "an image runs after more than one boot", "stage 2 answers",
            "blank or out of order, as a switch of the bank mode leaves it: wants the factory file",
            "RDP level 1, by an option write cut in a switch: wants a regression first"};
        fprintf(f, "<span style='--c:var(--%s)'>%s: %s</span>", kinds[k], names[k], about[k]);
    }
    fputs("</div><p class='dim'>A strip is a bank of flash from its start to its end; each column "
          "tells what came of the lives that were interrupted while that place was written or "
          "erased. Below them, how one undisturbed run wears each page: its ground tells how often "
          "it was erased, what stands on it how much of it was programmed.</p><div class='key'>"
          "<span style='--c:var(--w1)'>erased once</span><span style='--c:var(--w2)'>twice</span>"
          "<span style='--c:var(--w3)'>more often</span>"
          "<span style='--c:var(--wp)'>programmed</span>"
          "</div>", f);
}

bool report_html(const report *r, const char *path)
{
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        return false;
    }
    head(f, r);
    for (size_t i = 0; i < r->rows; i++) {
        if (i == 0u || r->row[i].chip != r->row[i - 1u].chip) {
            fprintf(f, "%s<h2>%s</h2><div class='grid'>", i > 0u ? "</div>" : "",
                    r->row[i].chip->name);
        }
        card(f, &r->row[i]);
    }
    fputs("</div></body></html>\n", f);
    return fclose(f) == 0;
}

/* ---- JSON ------------------------------------------------------------ */

static void json_text(FILE *f, const char *text)
{
    putc('"', f);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            fprintf(f, "\\%c", *text);
        } else if ((unsigned char)*text < 0x20u) {
            fprintf(f, "\\u%04x", (unsigned)*text);
        } else {
            putc(*text, f);
        }
    }
    putc('"', f);
}

static void json_pages(FILE *f, const report_row *row)
{
    const char *comma = "";
    for (unsigned i = 0; i < 2u * WEAR_PAGES; i++) {
        unsigned bank = i / WEAR_PAGES, page = i % WEAR_PAGES;
        if (row->wear.erased[bank][page] != 0u || row->wear.written[bank][page] != 0u) {
            fprintf(f, "%s{\"bank\":%u,\"page\":%u,\"erases\":%u,\"bytes\":%u}", comma, bank + 1u,
                    page, row->wear.erased[bank][page], (unsigned)row->wear.written[bank][page]);
            comma = ",";
        }
    }
}

static void json_row(FILE *f, const report_row *row)
{
    fprintf(f, "{\"chip\":\"%s\",\"scenario\":\"%s\",\"operations\":%u,\"lives\":%llu,"
               "\"two_cuts\":%llu,\"run\":%llu,\"joined\":%llu,\"audited\":%llu,\"judged\":%llu,"
               "\"old\":%llu,\"new\":%llu,\"recovered\":%llu,\"stage2\":%llu,\"programmer\":%llu,"
               "\"locked\":%llu,\"locked_by_two_cuts\":%llu,"
               "\"failures\":%u,"
               "\"longest_us\":%llu,\"most_boots\":%u,\"clean_us\":%llu,\"units_programmed\":%u,"
               "\"pages_erased\":%u,\"most_erases_of_a_page\":%u,\"option_writes\":%u,"
               "\"seconds\":%.2f,\"pages\":[",
            row->chip->name, row->s->name, (unsigned)row->ops, row->lives, row->deep, row->ran,
            row->joined, row->audited, row->checks, row->outcome[OUTCOME_OLD],
            row->outcome[OUTCOME_NEW], row->outcome[OUTCOME_RECOVERED],
            row->outcome[OUTCOME_STAGE2], row->outcome[OUTCOME_PROGRAMMER],
            row->outcome[OUTCOME_LOCKED], row->deep_locked, row->failures, row->longest_us,
            row->most_boots,
            row->clean_us, row->wear.programs, row->wear.erases, row->wear.most_erases,
            row->wear.options, row->seconds);
    json_pages(f, row);
    fputs("],\"cases\":[", f);
    for (unsigned i = 0; i < row->failures && i < REPORT_CASES; i++) {
        fprintf(f, "%s{\"case\":\"%s\",\"why\":", i > 0u ? "," : "", row->failed[i]);
        json_text(f, row->why[i]);
        putc('}', f);
    }
    fputs("]}", f);
}

bool report_json(const report *r, const char *path)
{
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        return false;
    }
    fprintf(f, "{\"seed\":%" PRIu32 ",\"depth\":%u,\"sample\":%u,\"seconds\":%.2f,"
               "\"processor_seconds\":%.2f,\"scenarios\":[\n", r->seed, r->depth, r->sample,
            r->seconds, r->busy);
    for (size_t i = 0; i < r->rows; i++) {
        fputs(i > 0u ? ",\n" : "", f);
        json_row(f, &r->row[i]);
    }
    fputs("\n]}\n", f);
    return fclose(f) == 0;
}
