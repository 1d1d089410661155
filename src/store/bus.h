/* What becomes of a page of the map that cannot be read. */
#ifndef ONYM_STORE_BUS_H
#define ONYM_STORE_BUS_H

/* From now on SIGBUS, which still ends the process, says on standard error what it means for a
 * store: a disk that fails, or a file that was cut short. For main, before there are threads. */
void onym_bus_explain(void);

#endif
