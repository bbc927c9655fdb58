"""Charts as SVG text or PNG bytes, without other packages than Pillow.

A chart (:mod:`lightship.drawing.charts`) knows its title and size and draws itself on a canvas; :func:`svg.to_svg` and
:func:`png.to_png` create the canvas. Sizes are in pixels of a chart that is 360 pixels wide, the width of a phone.
"""
