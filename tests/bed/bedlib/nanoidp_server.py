"""nanoidp, with pages that ask nothing of the outside world.

Its pages name style sheets and scripts of a public server. A browser that
cannot reach it waits for each, and a browser that can would tell it of our tests.
"""

import re
import sys

from nanoidp.app import create_app

OUTSIDE = re.compile(r'<link[^>]* href="https://[^>]*>|<script src="https://[^>]*></script>')


def main() -> None:
    folder, port = sys.argv[1], int(sys.argv[2])
    app = create_app(folder)

    @app.after_request
    def keep_inside(response):
        if response.mimetype == "text/html":
            response.set_data(OUTSIDE.sub("", response.get_data(as_text=True)))
        return response

    app.run(host="127.0.0.1", port=port, threaded=True)


if __name__ == "__main__":
    main()
