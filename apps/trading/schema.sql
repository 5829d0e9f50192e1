-- What there is to trade.
CREATE TABLE IF NOT EXISTS trading_instruments (symbol TEXT PRIMARY KEY, name TEXT NOT NULL, tick INTEGER NOT NULL, begin INTEGER NOT NULL);
INSERT OR IGNORE INTO trading_instruments VALUES
	('FJRD', 'Fjord Power', 10, 12350),
	('KILN', 'Kiln Ceramics', 25, 31500),
	('LARK', 'Lark Radio', 1, 880),
	('MOSS', 'Moss & Daughters', 2, 1616),
	('OTTR', 'Otter Canals', 5, 4200);

-- Accounts with their orders, and trades, as JSON: they are read as a whole.
CREATE TABLE IF NOT EXISTS trading_accounts (id TEXT PRIMARY KEY, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trading_trades (no INTEGER PRIMARY KEY, state TEXT NOT NULL);

-- What is inserted here, {"Accounts": {…}, "Trades": […]}, is stored as a whole or not
-- at all. Of the trades, the last 2,000 are kept.
CREATE VIEW IF NOT EXISTS trading_news AS SELECT '' AS batch WHERE false;
CREATE TRIGGER IF NOT EXISTS trading_store INSTEAD OF INSERT ON trading_news BEGIN
	INSERT OR REPLACE INTO trading_accounts SELECT key, value FROM json_each(new.batch, '$.Accounts');
	INSERT OR REPLACE INTO trading_trades SELECT value->>'no', value FROM json_each(new.batch, '$.Trades') WHERE type = 'object';
	DELETE FROM trading_trades WHERE no <= (SELECT max(no) FROM trading_trades) - 2000;
END;

-- All that the market begins with. Trades are numbered from the time in ms, so that
-- numbers of a database that is gone mean nothing in another.
CREATE VIEW IF NOT EXISTS trading_market AS SELECT json_object(
	'Accounts', json((SELECT json_group_object(id, json(state)) FROM trading_accounts)),
	'Orders', coalesce((SELECT max(o.value->>'id') FROM trading_accounts, json_each(state, '$.orders') o), 0),
	'Trades', coalesce((SELECT max(no) FROM trading_trades), unixepoch() * 1000),
	'Books', json((SELECT json_group_object(i.symbol, json_object(
		'symbol', i.symbol, 'name', i.name, 'tick', i.tick, 'begin', i.begin,
		'last', coalesce((SELECT t.state->>'price' FROM trading_trades t WHERE t.state->>'symbol' = i.symbol ORDER BY t.no DESC LIMIT 1), i.begin)
	)) FROM trading_instruments i))
) AS state;
