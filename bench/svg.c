#include "bench/svg.h"

#include <math.h>
#include <stdio.h>

#define WIDTH 760
#define LEFT 170
#define BAR 13
#define GAP 12
#define TOP 58
#define LABEL 90 /* behind the longest bar */

static const char *const colours[SVG_SERIES_MAX] = {"#7a7a86", "#d98b2b", "#4a86d8", "#36a079",
                                                    "#b365c4"};

static void legend(FILE *out, const svg_bars *b)
{
    int x = LEFT;
    for (size_t s = 0; s < b->series; s++) {
        fprintf(out, "<rect x=\"%d\" y=\"32\" width=\"12\" height=\"12\" fill=\"%s\"/>", x,
                colours[s]);
        fprintf(out, "<text x=\"%d\" y=\"42\">%s</text>\n", x + 17, b->name[s]);
        int letters = 0;
        while (b->name[s][letters] != '\0') {
            letters++;
        }
        x += 34 + letters * 7;
    }
}

static double scaled(const svg_bars *b, double value, double least, double most)
{
    double room = WIDTH - LEFT - LABEL;
    if (!b->logarithmic) {
        return value / most * room;
    }
    return (log10(value) - log10(least)) / (log10(most) - log10(least)) * room;
}

bool svg_write(const svg_bars *b, const char *path)
{
    double most = 0, least = INFINITY;
    for (size_t g = 0; g < b->groups; g++) {
        for (size_t s = 0; s < b->series; s++) {
            most = fmax(most, b->value[g][s]);
            least = fmin(least, b->value[g][s]);
        }
    }
    least = pow(10, floor(log10(least))); /* a decade's start, so that no bar has no length */
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        return false;
    }
    int group_height = (int)b->series * BAR + GAP;
    int height = TOP + (int)b->groups * group_height;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\">\n"
            "<title>%s</title>\n"
            "<style>text{font:12px sans-serif;fill:#24242a}"
            "@media(prefers-color-scheme:dark){text{fill:#e4e4ea}}</style>\n"
            "<text x=\"10\" y=\"18\" style=\"font-weight:bold\">%s</text>\n",
            WIDTH, height, b->title, b->title);
    legend(out, b);
    for (size_t g = 0; g < b->groups; g++) {
        int y = TOP + (int)g * group_height;
        fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 8,
                y + group_height / 2, b->group[g]);
        for (size_t s = 0; s < b->series; s++) {
            double value = b->value[g][s], length = scaled(b, value, least, most);
            int at = y + (int)s * BAR;
            fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", LEFT,
                    at, length, BAR - 2, colours[s]);
            fprintf(out, "<text x=\"%.1f\" y=\"%d\" style=\"font-size:10px\">%.*f %s</text>\n",
                    LEFT + length + 4, at + BAR - 4, value < 10 ? 2 : value < 100 ? 1 : 0, value,
                    b->unit);
        }
    }
    fputs("</svg>\n", out);
    bool good = ferror(out) == 0;
    return fclose(out) == 0 && good;
}
