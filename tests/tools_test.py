#!/usr/bin/env python3
"""Tests of the programs in tools/, each over a small tree of files made for it."""
import os
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tools")
TABLE = "base: | crypto.c=openssl/\nmodel: |\nnet: | uv.h openssl/\nhttp: net |\n"


def run_tool(name, files, *arguments):
    """Exit code and output of the tool over a tree of these files."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in {"docs/layers.txt": TABLE, **files}.items():
            path = os.path.join(root, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([sys.executable, os.path.join(TOOLS, name), *arguments, root],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip()


class CheckLayers(unittest.TestCase):
    def fails_with(self, files, *texts):
        self.assertEqual(run_tool("check-layers", files), (1, "\n".join(texts)))

    def test_includes_that_the_table_allows_pass(self):
        self.assertEqual(run_tool("check-layers", {
            "src/base/str.h": "#include <string.h>\n",
            "src/base/test.h": "#include <cmocka.h>\n#include \"base/str.h\"\n",
            "src/base/crypto.c": "#include <openssl/evp.h>\n",
            "src/base/crypto_test.c": "#include <openssl/evp.h>\n#include \"base/test.h\"\n",
            "src/net/loop.h": "#include <uv.h>\n#include \"base/str.h\"\n",
            "src/http/server.c": "/* #include \"model/x.h\"\n#include \"none.h\"\n*/\n#include \"net/loop.h\"\n",
        }), (0, ""))

    def test_an_include_outside_the_row_is_found(self):
        self.fails_with({"src/model/a.h": "", "src/net/b.c": "\n#include \"model/a.h\"\n"},
                        'src/net/b.c:2: "model/a.h": net may not include model')

    def test_base_includes_no_other_room(self):
        self.fails_with({"src/model/a.h": "", "src/base/b.h": "#include \"model/a.h\"\n"},
                        'src/base/b.h:1: "model/a.h": base may not include model')

    def test_a_library_stays_in_its_room_and_file(self):
        self.fails_with({"src/base/hash.c": "#include <openssl/evp.h>\n", "src/http/a.c": "#include <uv.h>\n"},
                        "src/base/hash.c:1: <openssl/evp.h> is not for base/hash.c",
                        "src/http/a.c:1: <uv.h> is not for http/a.c")

    def test_an_unknown_library_is_found(self):
        self.fails_with({"src/http/a.c": "#include <jansson.h>\n#include <cmocka.h>\n"},
                        "src/http/a.c:1: <jansson.h> is neither in the table nor of the C library or POSIX",
                        "src/http/a.c:2: <cmocka.h> belongs to base/test.h")

    def test_test_headers_are_for_tests(self):
        self.fails_with({"src/base/test.h": "", "src/model/fixture.h": "#include \"base/test.h\"\n",
                         "src/model/a.c": "#include \"model/fixture.h\"\n",
                         "src/model/a_test.c": "#include \"model/fixture.h\"\n#include \"base/test.h\"\n"},
                        "src/model/a.c: reaches base/test.h, which is for tests")

    def test_missing_files_and_rooms_are_found(self):
        self.fails_with({"src/base/a.c": "#include \"a.h\"\n#include \"base/none.h\"\n#include \"roof/a.h\"\n",
                         "src/cellar/a.c": ""},
                        'src/base/a.c:1: "a.h" does not name its room',
                        'src/base/a.c:2: "base/none.h": there is no such file',
                        'src/base/a.c:3: "roof/a.h": there is no room roof',
                        "src/cellar: no row in docs/layers.txt")

    def test_a_row_may_name_lower_rooms_only(self):
        code, text = run_tool("check-layers", {"docs/layers.txt": "base: |\nnet: http |\nhttp: |\n", "src/base/a.h": ""})
        self.assertEqual(code, 1)
        self.assertIn("net may not include http: its row does not stand above", text)

    def test_circles_are_found_once(self):
        self.fails_with({"src/base/a.h": "#include \"base/b.h\"\n", "src/base/b.h": "#include \"base/c.h\"\n",
                         "src/base/c.h": "#include \"base/a.h\"\n", "src/base/d.h": "#include \"base/a.h\"\n"},
                        "a circle of includes: base/a.h -> base/b.h -> base/c.h -> base/a.h")


class CheckHeaders(unittest.TestCase):
    def test_a_header_that_compiles_alone_passes(self):
        self.assertEqual(run_tool("check-headers", {"src/base/a.h": "#pragma once\n#include <stddef.h>\nsize_t f(void);\n"}),
                         (0, ""))

    def test_a_header_that_lacks_an_include_is_found(self):
        code, text = run_tool("check-headers", {"src/base/a.h": "size_t f(void);\n", "src/base/b.h": "int g(void);\n"})
        self.assertEqual(code, 1)
        self.assertIn("src/base/a.h does not compile alone", text)
        self.assertNotIn("b.h", text)


class Longest(unittest.TestCase):
    SOURCE = ("#include <a.h>\n\nstatic const int t[] = {\n    1,\n};\n\nint small(void)\n{\n    return t[0];\n}\n\n"
              "TEST(a_sentence)\n{\n    x();\n}\n\nstatic struct str *large(int a,\n                         int b)\n{\n"
              + "    f();\n" * 70 + "}\n")

    def test_lengths_are_from_the_name_to_the_brace(self):
        code, text = run_tool("longest", {"src/base/a.c": self.SOURCE})
        self.assertEqual(code, 0)
        self.assertEqual(text.split("\n"), ["longest functions:", "    74 large in src/base/a.c",
                                            "     4 a_sentence in src/base/a.c", "     4 small in src/base/a.c",
                                            "longest files:", "    90 src/base/a.c"])

    def test_what_is_not_past_the_mark_is_left_out_on_request(self):
        code, text = run_tool("longest", {"src/base/a.c": self.SOURCE, "src/base/a_test.c": self.SOURCE}, "--past")
        self.assertEqual((code, text), (0, "longest functions:\n    74 large in src/base/a.c"))


if __name__ == "__main__":
    unittest.main()
