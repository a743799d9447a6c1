"""From a folder or zip of annotated words to an LMDB.

Read are your own words, ``path TAB label``, and the layouts in which the field's data sets are
handed out (`LAYOUTS`; ``docs/data.md`` describes each). All of it may be hostile: names cannot
leave the source, sizes are bounded, and nothing that is read can run.

``words``        the import itself
``recognise``    finds out which layout a source has
``layout``       what a layout is
``lines``        layouts with one word a line
``icdar_boxes``  ICDAR's scenes with boxes around words
``coco_text``    COCO-Text: one JSON file of scenes with their words
``xml_layouts``  SVT and IC03
``mat_layouts``  IIIT5K and SynthText
``images``       cuts words out of scenes, and checks their images
``filters``      which words of a set count
``matfile``      reads MATLAB files, within bounds
``safe_xml``     reads XML, without what makes it dangerous
"""

from __future__ import annotations

from trainers.data.importing.filters import FILTERS
from trainers.data.importing.layout import Layout
from trainers.data.importing.lines import parse_line
from trainers.data.importing.recognise import LAYOUTS, PARTS
from trainers.data.importing.words import ImportReport, import_words

__all__ = ["FILTERS", "LAYOUTS", "PARTS", "ImportReport", "Layout", "import_words", "parse_line"]
