"""What is written and read: settings, manifests, event logs, runs, folders. No torch, no work.

``settings``        every section of a preset
``limits``          when a run ends, is looked at and saved
``study_file``      the TOML file of a study
``study_roll``      which of the planned runs are there, and which are missing

``work_folder``     a folder with one piece of work that can be resumed
``run_folder``      the folder of a run, and the files in it
``model_folder``    the folder of a trained model, and the files in it
``manifest``        ``run.json``: what a run is, where and how it was made
``event_log``       writes ``events.jsonl``, and checks what a resumed run repeats
``events``          the schema of its lines, and how they are read
``work_records``    how work and results are written as its lines
``result``          the schema of ``result.json``
``card``            the schema of ``model.json``
``trouble``         ``trouble.json``: why the last attempt failed

``runs``            finds and reads run folders
``record``          a run as comparisons see it
``protocol_check``  whether runs may be compared with each other

``architectures``   reads an architecture from the text that people give
``layers``          the table of an architecture, layer by layer
``counted``         word accuracy and 1-NED as the preset counts case

``documents``       makes JSON and CSV, and tells what could not be written
``toml_file``       reads TOML files, and says what is wrong with them
``sealed``          JSON files that carry a hash of their content
``lock``            lets one process at a time work in a folder
``foreign``         refuses folders that hold somebody else's files
``readable``        makes a stranger's text safe to show
``flat``            nested settings under dotted keys
``wrong_values``    msgspec's errors in words that people understand
``errors``          errors that a user can mend, and the end by Ctrl-C
"""
