"""The first web pages: plain HTML rendered on the server, one file for each page family.

User content is always escaped (Jinja's autoescape), and the Content-Security-Policy allows no
inline script or style, so that what is logged never runs in our origin.
"""
