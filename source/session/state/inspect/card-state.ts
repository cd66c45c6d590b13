import type {CardDetail} from '../../../gpu/cards/card-detail.ts';

/** What the driver said of the card that is looked at; `detail` is undefined until it has answered. */
export type CardState = {uuid: string | undefined; detail: CardDetail | undefined};

export const noCard: CardState = {uuid: undefined, detail: undefined};
