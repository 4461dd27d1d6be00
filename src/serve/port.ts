/** The port of the server where nobody names another. */
export const PORT = 3730
