/** The number of items on a page that names neither `first` nor `last`. */
export const PAGE_ITEMS_DEFAULT = 50;
/** The largest `first` and `last` of a page. */
export const PAGE_ITEMS_MAX = 100;
