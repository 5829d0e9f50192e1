// What ships are called: those of people by their person, those of simulated people by how they play.

import { PEOPLE } from "./world.js";

const NAMES =
  "Adagio Allegro Andante Animato Arioso Ballata Burlesca Cadenza Cantabile Canzona Capriccio Chaconne Corrente Crescendo Dolce Energico Espressivo Fermata Forte Fuga Furioso Giga Giocoso Grazioso Intermezzo Largo Legato Lento Maestoso Marcato Menuetto Moderato Notturno Passacaglia Pastorale Piano Pizzicato Presto Rondo Rubato Scherzo Serenata Sonata Sostenuto Staccato Tarantella Toccata Tremolo Vivace Zingarese".split(" ");

// nameOf names a ship. A crew is whose ships they are: name and socket, by ship.
export const nameOf = (crew, ship) => (ship < PEOPLE ? (crew[ship]?.[0] ?? "Somebody") : NAMES[ship - PEOPLE]);
